//! A small HTTP client on one kept connection: as little work as possible, since it shares the machine with what it measures.

use super::report::Failure;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// One connection to the daemon.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    request: Vec<u8>,
}

/// The status and body of an answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Client {
    /// Connects.
    pub fn connect(address: &str) -> Result<Client, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        Ok(Client { reader: BufReader::new(stream.try_clone()?), stream, request: Vec::new() })
    }
    /// Sends JSON with a bearer token and waits for the answer.
    pub fn send(&mut self, method: &str, path: &str, token: &str, body: &[u8]) -> Result<Answer, Failure> {
        self.request.clear();
        write!(
            self.request,
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )?;
        self.request.extend_from_slice(body);
        self.stream.write_all(&self.request)?;
        self.answer()
    }
    /// Sends events; anything but success is a failure.
    pub fn post_events(&mut self, path: &str, body: &[u8]) -> Result<(), Failure> {
        let answer = self.send("POST", path, "bench-writes", body)?;
        if answer.status == 200 { Ok(()) } else { Err(format!("{path} answered {}: {}", answer.status, answer.body).into()) }
    }
    fn answer(&mut self) -> Result<Answer, Failure> {
        let status = self.line()?.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or("no status in the answer")?;
        let (mut length, mut is_chunked) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            is_chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        }
        let body = if is_chunked { self.chunks()? } else { self.bytes(length)? };
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }
    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err("the connection was closed".into());
        }
        Ok(line.trim_end().to_string())
    }
    fn bytes(&mut self, length: usize) -> Result<Vec<u8>, Failure> {
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        Ok(body)
    }
    fn chunks(&mut self) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        loop {
            let length = usize::from_str_radix(self.line()?.split(';').next().unwrap_or("0"), 16)?;
            body.extend(self.bytes(length)?);
            self.line()?;
            if length == 0 {
                return Ok(body);
            }
        }
    }
}
