//! What every request shares: the bundle, what is rendered of it, and the turns.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use axum::body::Bytes;
use bundle_demo::{AskError, Asked, Attach, Inquiry, PageError, Transport};
use bundle_manifest::{BundleId, EntryName, Example, FileSource, Manifest};
use bundle_run::{ExampleReplay, Inputs, Likeness, RunError};
use bundle_signature::Verification;
use serde_json::{Value as Json, json};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{Options, Served, problem::Problem};

/// Example files read at once.
const READING: usize = 4;

/// What a request asks the model. A trait, so that requests can be tested without one.
pub(crate) trait Engine: Send + Sync {
    fn describe(&self, manifest: &Manifest, identity: &Identity) -> Json;
    fn predict(
        &self,
        inputs: Inputs,
        asked: &Asked,
        attach: &mut Attach<'_>,
    ) -> Result<Json, AskError>;
    fn occlude(&self, inputs: &Inputs, input: &str, grid: usize) -> Result<Json, AskError>;
    fn replay(&self, example: &Example, files: &dyn FileSource) -> Result<ExampleReplay, RunError>;
}

/// The id of a bundle and what may be believed of its signature.
pub(crate) type Identity = (Option<BundleId>, Verification);

/// What is served, and what its examples are like, which is measured when it is first asked for.
struct Loaded {
    served: Arc<Served>,
    likeness: OnceLock<Likeness>,
}

impl Loaded {
    fn inquiry(&self, trace: bool) -> Inquiry<'_> {
        let Served { manifest, predictor, files, .. } = &*self.served;
        let measure = || Likeness::of(manifest, predictor, &**files);
        let likeness = trace.then(|| self.likeness.get_or_init(measure));
        Inquiry { manifest, predictor, likeness }
    }
}

impl Engine for Loaded {
    fn describe(&self, manifest: &Manifest, (id, signature): &Identity) -> Json {
        bundle_demo::describe_loaded(manifest, *id, signature, &self.served.predictor)
    }

    fn predict(
        &self,
        inputs: Inputs,
        asked: &Asked,
        attach: &mut Attach<'_>,
    ) -> Result<Json, AskError> {
        self.inquiry(asked.trace).predict(inputs, asked, attach)
    }

    fn occlude(&self, inputs: &Inputs, input: &str, grid: usize) -> Result<Json, AskError> {
        self.inquiry(false).occlude(inputs, input, grid)
    }

    fn replay(&self, example: &Example, files: &dyn FileSource) -> Result<ExampleReplay, RunError> {
        bundle_run::replay(&self.served.predictor, example, files)
    }
}

pub(crate) struct ServerState {
    pub(crate) manifest: Manifest,
    pub(crate) files: Arc<dyn FileSource>,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) options: Options,
    pub(crate) bound: Option<SocketAddr>,
    pub(crate) description: Bytes,
    pub(crate) page: Result<Bytes, PageError>,
    pub(crate) policy: String,
    /// Whoever has a place has its body read and waits for a turn; so memory is bounded too.
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    reading: Arc<Semaphore>,
}

impl ServerState {
    pub(crate) fn of(
        served: Arc<Served>,
        options: Options,
        bound: Option<SocketAddr>,
    ) -> Arc<Self> {
        let Served { manifest, files, id, signature, .. } = &*served;
        let identity = (*id, signature.clone());
        let (manifest, files) = (manifest.clone(), Arc::clone(files));
        let engine = Arc::new(Loaded { served, likeness: OnceLock::new() });
        Self::new(manifest, files, engine, options, (identity, bound))
    }

    pub(crate) fn new(
        manifest: Manifest,
        files: Arc<dyn FileSource>,
        engine: Arc<dyn Engine>,
        options: Options,
        (identity, bound): (Identity, Option<SocketAddr>),
    ) -> Arc<Self> {
        let mut description = engine.describe(&manifest, &identity);
        description["limits"] = limits(&manifest, &options);
        let page = bundle_demo::page(&description, Transport::Http);
        let policy = page
            .as_ref()
            .map(|page| bundle_demo::content_security_policy(page))
            .unwrap_or_default();
        Arc::new(Self {
            manifest,
            files,
            engine,
            bound,
            description: description.to_string().into(),
            page: page.map(Bytes::from),
            policy,
            places: Arc::new(Semaphore::new(options.running.saturating_add(options.waiting))),
            turns: Arc::new(Semaphore::new(options.running)),
            reading: Arc::new(Semaphore::new(READING)),
            options,
        })
    }

    pub(crate) fn example(&self, name: &str) -> Result<&Example, Problem> {
        let found = self.manifest.examples.iter().find(|example| example.name.as_str() == name);
        found.ok_or_else(|| {
            Problem::not_found(format!("the bundle has no example `{}`", name.escape_debug()))
        })
    }

    /// A place in the queue, or at once the answer that there is none.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| Problem::too_busy())
    }

    /// Waits for a turn and does `work` beside the event loop. A work that takes too
    /// long cannot be interrupted: its asker is told, and it keeps its turn to the end.
    pub(crate) async fn compute(
        self: &Arc<Self>,
        place: OwnedSemaphorePermit,
        work: impl FnOnce(&Self) -> Result<Bytes, Problem> + Send + 'static,
    ) -> Result<Bytes, Problem> {
        let time = self.options.time;
        let turn = timeout(time, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Problem::too_busy()) };
        let state = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || {
            let answer = work(&state);
            drop((place, turn));
            answer
        });
        match timeout(time, task).await {
            Ok(Ok(answer)) => answer,
            // The panic of one request must not end the others.
            Ok(Err(_)) => Err(Problem::internal("the prediction stopped unexpectedly")),
            Err(_) => Err(Problem::too_long(time.as_secs())),
        }
    }

    /// Reads a file beside the event loop, a few at a time.
    pub(crate) async fn read(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<Bytes, Problem> + Send + 'static,
    ) -> Result<Bytes, Problem> {
        let Ok(reading) = Arc::clone(&self.reading).acquire_owned().await else {
            return Err(Problem::too_busy());
        };
        let state = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || {
            let answer = work(&state);
            drop(reading);
            answer
        });
        task.await.unwrap_or_else(|_| Err(Problem::internal("reading stopped unexpectedly")))
    }
}

/// The names of the inputs, for a hint.
pub(crate) fn names<'a>(names: impl Iterator<Item = &'a EntryName>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn limits(manifest: &Manifest, options: &Options) -> Json {
    // Several inputs travel as base64 in one JSON text, four bytes for three, and share it.
    let file_bytes = match manifest.given_inputs().count() {
        0 | 1 => options.body_bytes,
        inputs => options.body_bytes / 4 * 3 / inputs,
    };
    json!({ "body_bytes": options.body_bytes, "file_bytes": file_bytes })
}
