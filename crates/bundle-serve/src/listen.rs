//! The socket: connections in limited number, heads in limited time, an end in
//! limited time.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::sleep,
};

/// Time to send the head of a request, and to leave a connection idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Time for running requests when the server is asked to stop.
const GRACE: Duration = Duration::from_secs(5);
/// Pause after an accept that failed, such as for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ServeError {
    /// What is wrong.
    pub message: String,
    /// Its cause.
    #[source]
    pub source: Option<io::Error>,
}

pub(crate) async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |error| ServeError {
        message: format!("cannot listen on `{address}`"),
        source: Some(error),
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Answers every connection until `shutdown` resolves.
pub(crate) async fn accept(
    listener: TcpListener,
    routes: Router,
    connections: usize,
    shutdown: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS)));
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, next_stream(&listener).await)
        };
        let (place, stream) = tokio::select! {
            next = next => next,
            () = &mut shutdown => break,
        };
        let service = TowerToHyperService::new(routes.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A connection that breaks concerns only its other end.
            drop(connection.await);
            drop(place);
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = sleep(GRACE) => {}
    }
}

async fn next_stream(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Without it small answers only wait longer.
                drop(stream.set_nodelay(true));
                return stream;
            }
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}
