//! Stubs of the outside world: a mail relay and an HTTP receiver that can misbehave.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// How the relay behaves.
#[derive(Clone, Copy, PartialEq)]
pub enum Relay {
    Good,
    /// Answers that at RCPT.
    AtRcpt(&'static str),
    /// Answers that after the final dot.
    AtDot(&'static str),
    /// Says nothing after the greeting of TCP.
    Silent,
    /// Says nothing after the final dot.
    SilentAtDot,
    /// Closes after the final dot.
    CutAtDot,
    /// Closes in place of 354.
    CutAtData,
    /// Closes the connection behind every message, without saying so.
    CloseBehind,
    /// Breaks down at a stage of the dialogue.
    Breaks(At, Fault),
}

/// A stage of an SMTP dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Greeting,
    Hello,
    Sender,
    Recipient,
    Data,
    /// While the message comes in.
    Body,
    /// Behind the final dot.
    Dot,
}

/// How a relay breaks down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It says nothing more, and reads nothing more.
    Hang,
    /// It closes the connection.
    Close,
    /// It answers a byte at a time, and is never done.
    Trickle,
}

/// Breaks down; false where the dialogue goes on.
async fn breaks(stream: &mut BufReader<tokio::net::TcpStream>, behaviour: Relay, at: At) -> bool {
    match behaviour {
        Relay::Breaks(here, fault) if here == at => match fault {
            Fault::Close => true,
            Fault::Hang => std::future::pending().await,
            Fault::Trickle => {
                let mut pause = tokio::time::interval(std::time::Duration::from_millis(50));
                for byte in b"250-".iter().chain(std::iter::repeat(&b'a')) {
                    pause.tick().await;
                    if stream.get_mut().write_all(&[*byte]).await.is_err() {
                        return true;
                    }
                }
                true
            }
        },
        _ => false,
    }
}

/// What was received: the commands of all connections, and the messages.
#[derive(Default, Debug)]
pub struct Received {
    pub connections: usize,
    pub commands: Vec<String>,
    pub messages: Vec<String>,
}

/// Starts a relay; its URL and what it receives.
pub async fn relay(behaviour: Relay) -> (String, Arc<Mutex<Received>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let received = Arc::new(Mutex::new(Received::default()));
    let log = Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            log.lock().unwrap().connections += 1;
            tokio::spawn(talk(socket, behaviour, Arc::clone(&log)));
        }
    });
    (url, received)
}

async fn talk(socket: tokio::net::TcpStream, behaviour: Relay, log: Arc<Mutex<Received>>) {
    if behaviour == Relay::Silent {
        std::future::pending::<()>().await;
    }
    let mut stream = BufReader::new(socket);
    if breaks(&mut stream, behaviour, At::Greeting).await {
        return;
    }
    stream.get_mut().write_all(b"220 stub ESMTP\r\n").await.unwrap();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let command = line.trim_end().to_owned();
        log.lock().unwrap().commands.push(command.clone());
        let stage = match command.to_ascii_uppercase() {
            c if c.starts_with("EHLO") => Some(At::Hello),
            c if c.starts_with("MAIL") => Some(At::Sender),
            c if c.starts_with("RCPT") => Some(At::Recipient),
            c if c == "DATA" => Some(At::Data),
            _ => None,
        };
        if let Some(at) = stage
            && breaks(&mut stream, behaviour, at).await
        {
            return;
        }
        let reply = match command.to_ascii_uppercase() {
            c if c.starts_with("EHLO") => "250-stub\r\n250 8BITMIME\r\n".to_owned(),
            c if c.starts_with("RCPT") => match behaviour {
                Relay::AtRcpt(reply) => format!("{reply}\r\n"),
                _ => "250 ok\r\n".to_owned(),
            },
            c if c == "DATA" => {
                if behaviour == Relay::CutAtData {
                    return;
                }
                stream.get_mut().write_all(b"354 go on\r\n").await.unwrap();
                if matches!(behaviour, Relay::Breaks(At::Body, _)) {
                    stream.read_u8().await.unwrap();
                    breaks(&mut stream, behaviour, At::Body).await;
                    return;
                }
                let Some(message) = read_message(&mut stream).await else { return };
                if breaks(&mut stream, behaviour, At::Dot).await {
                    return;
                }
                log.lock().unwrap().messages.push(message);
                match behaviour {
                    Relay::SilentAtDot => std::future::pending().await,
                    Relay::CutAtDot => return,
                    Relay::AtDot(reply) => format!("{reply}\r\n"),
                    _ => "250 2.0.0 queued as 42\r\n".to_owned(),
                }
            }
            c if c == "QUIT" => "221 bye\r\n".to_owned(),
            _ => "250 ok\r\n".to_owned(),
        };
        if stream.get_mut().write_all(reply.as_bytes()).await.is_err() {
            return;
        }
        if behaviour == Relay::CloseBehind && reply.contains("queued") {
            return;
        }
    }
}

async fn read_message(stream: &mut BufReader<tokio::net::TcpStream>) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n.\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    bytes.truncate(bytes.len() - 5);
    Some(String::from_utf8(bytes).unwrap())
}

/// Starts an HTTP receiver that answers every request with `answer` (a whole response); `None` answers nothing.
pub async fn receiver(answer: Option<&'static str>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let request = read_request(&mut socket).await;
                log.lock().unwrap().push(request);
                match answer {
                    Some(answer) => {
                        let _ = socket.write_all(answer.as_bytes()).await;
                        let _ = socket.shutdown().await;
                    }
                    None => std::future::pending().await,
                }
            });
        }
    });
    (url, requests)
}

async fn read_request(socket: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = socket.read(&mut chunk).await.unwrap_or(0);
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").and_then(|n| n.parse::<usize>().ok())).unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        if count == 0 {
            return text;
        }
    }
}
