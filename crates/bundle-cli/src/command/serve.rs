//! `bundle serve`: the page, on this machine.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bundle_run::Predictor;
use bundle_serve::{Options, Served, serve_with};
use bundle_signature::Verification;

use crate::{
    args::Serve,
    exit::Exit,
    failure::Failure,
    open::{Opened, believable},
    terminal::Terminal,
};

pub(crate) fn run(args: &Serve, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let opened = Opened::at(&args.path)?;
    let mut signature = Verification::Unsigned;
    if let Some(archive) = &opened.packed {
        signature = believable(archive, &args.path, terminal)?;
        // A page for a changed file would lend it credit: everything is read before anything is shown.
        terminal.verify(archive, &args.path)?;
    }
    let predictor =
        Predictor::new(&opened.manifest, opened.files.as_ref()).map_err(Failure::of_model)?;
    // Better refused here, by name, than on the page at the first click.
    let example = opened.manifest.examples.first();
    if let Err(error) = bundle_run::rehearse(&predictor, example, opened.files.as_ref())
        && error.is_beyond_engine()
    {
        return Err(error.into());
    }
    if !args.host.is_loopback() {
        terminal.note(format!(
            "{} is not a loopback address: everyone who reaches it can use the model",
            args.host
        ));
    }
    let id = opened.id();
    let title = opened.manifest.bundle.title.clone();
    let served = Arc::new(Served {
        manifest: opened.manifest,
        files: opened.files,
        id,
        signature,
        predictor,
    });
    let address = SocketAddr::new(args.host, args.port);
    let runtime = tokio::runtime::Runtime::new()?;
    let ready = |bound: SocketAddr| {
        let id = id.map_or_else(|| "a directory, not packed".to_owned(), |id| id.to_string());
        // A closed stdout does not stop the server.
        terminal
            .print(&format!("{title}\n  {id}\n  http://{bound}/  (Ctrl-C stops)\n"))
            .unwrap_or_default();
    };
    let stopped = async {
        // Without a signal handler the server runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let result = runtime.block_on(serve_with(served, options(args), address, ready, stopped));
    // A prediction that runs cannot be interrupted, and nobody waits for it any more.
    runtime.shutdown_background();
    result?;
    Ok(Exit::Holds)
}

fn options(args: &Serve) -> Options {
    Options {
        body_bytes: usize::from(args.max_body) << 20,
        time: Duration::from_secs(args.timeout.into()),
        running: args.jobs.into(),
        hosts: args.allow_host.iter().map(|host| host.to_lowercase()).collect(),
        ..Options::default()
    }
}
