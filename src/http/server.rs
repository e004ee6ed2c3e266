//! The socket: connections with a time limit on their headers, and a shutdown that lets requests finish.

use super::{App, router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// The headers of a request may take so long.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// Requests in flight may take so long once the server closes.
const DRAIN_TIME: Duration = Duration::from_secs(30);

/// Why a server could not listen.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: String,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A socket that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Opens the socket; connections wait until [`Server::serve`].
    ///
    /// # Errors
    /// Where the address cannot be had.
    pub async fn bind(address: &str) -> Result<Server, ServerError> {
        let failed = |source| ServerError::Listen { address: address.to_string(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Server { listener, address })
    }
    /// Where it listens; the real port where 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    /// Serves until `until` is done, then lets requests in flight finish.
    pub async fn serve(self, app: App, until: impl Future<Output = ()>) {
        let closing = app.closing.clone();
        let service = TowerToHyperService::new(router(app));
        let graceful = GracefulShutdown::new();
        tokio::pin!(until);
        loop {
            let accepted = tokio::select! {
                () = &mut until => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => spawn_connection(stream, service.clone(), &graceful),
                Err(error) => {
                    // Out of file handles or memory: connections that end make room.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(self.listener);
        closing.send_replace(true);
        if tokio::time::timeout(DRAIN_TIME, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were still in flight after 30 s and were cut off");
        }
    }
}

fn spawn_connection(stream: TcpStream, service: TowerToHyperService<axum::Router>, graceful: &GracefulShutdown) {
    // Answers are small and wanted at once; where the system refuses, they are only later.
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME);
    let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}
