//! Publishes functions: a name is turned into code, which then is called as any other.
//!
//! A module's file is looked at when one of its functions is called: its text is the code. What it
//! publishes a worker tells, by a call of the server's own, since to import is to run.

mod asking;
mod described;
mod kept;
pub(crate) mod mcp;
mod module;
pub(crate) mod openapi;
mod publication;
mod sent;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use owt_core::{
    Catalogue, Code, CodeId, FunctionInfo, FunctionName, Problem, ProblemKind, SentFunction,
    Unpublished, is_module_name,
};
use parking_lot::RwLock;

pub(crate) use asking::Asker;
pub(crate) use described::Function;
pub(crate) use kept::Kept;
use kept::KeptError;
pub(crate) use module::Module;
use publication::Found;
pub use publication::{NotPublishable, Publication};
use sent::Sent;

/// Modules that are published at most.
const MOST_MODULES: usize = 10_000;
/// Names that sent code has been given at most.
const MOST_NAMED: usize = 1000;

/// All functions that a server publishes.
pub(crate) struct Functions {
    /// Folders and files whose modules are published.
    published: Vec<Publication>,
    modules: RwLock<BTreeMap<Box<str>, Arc<Module>>>,
    sent: Sent,
    /// Where named code is kept that shall outlive the server.
    kept: Option<Kept>,
    /// Every module has been described once, or could not be.
    is_ready: AtomicBool,
}

/// A function that a request's path names.
pub(crate) struct Named {
    module: Arc<Module>,
    /// The name that it is published by in its module.
    function: String,
}

/// How code that is sent is to be published.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    /// The module's name that its functions get.
    pub name: Option<String>,
    /// Whether it outlives the server, by that name.
    pub keep: bool,
    /// What tracebacks call it.
    pub code_name: Option<Arc<str>>,
}

impl Functions {
    /// Those of these publications, whose modules have been located, and what is kept of earlier
    /// servers.
    pub fn new(
        published: Vec<Publication>,
        located: HashMap<String, PathBuf>,
        kept: Option<Kept>,
    ) -> Self {
        let functions = Self {
            modules: RwLock::default(),
            sent: Sent::default(),
            kept,
            is_ready: AtomicBool::new(false),
            published,
        };
        for (name, path) in located {
            functions.add(Module::of_file(&name, path));
        }
        functions.look_for_files();
        for (name, code) in functions.kept.iter().flat_map(Kept::read) {
            functions.add(Module::sent(&name, code, Some(format!("{name}.py").into())));
        }
        functions
    }

    /// Adds a module, unless one of that name is there: as with Python, the first one has it.
    fn add(&self, module: Module) {
        let mut modules = self.modules.write();
        if modules.len() < MOST_MODULES {
            modules.entry(module.name().into()).or_insert_with(|| Arc::new(module));
        }
    }

    /// Notices files that were added to published folders.
    fn look_for_files(&self) {
        for publication in &self.published {
            for Found { name, path } in publication.files(MOST_MODULES) {
                if !self.modules.read().contains_key(&*name) {
                    self.add(Module::of_file(&name, path));
                }
            }
        }
    }

    /// Whether that is the path of sent code's function, which nothing but a call of it is for.
    pub fn is_sent(path: &str) -> bool {
        SentFunction::of_path(path).is_some()
    }

    /// The function that a path names, if it names a module that is published here.
    ///
    /// # Errors
    /// It names sent code that is not here: 404.
    pub fn named(&self, path: &str) -> Result<Option<Named>, Box<Problem>> {
        if let Some(SentFunction { code, function }) = SentFunction::of_path(path) {
            let module = self.sent.get(code).ok_or_else(|| unknown(code))?;
            return Ok(Some(Named { module, function }));
        }
        let Some(FunctionName { module, function }) = FunctionName::of_path(path) else {
            return Ok(None);
        };
        if let Some(module) = self.modules.read().get(&*module) {
            return Ok(Some(Named { module: Arc::clone(module), function }));
        }
        let found = self.published.iter().find_map(|publication| publication.file_of(&module));
        let Some(path) = found else { return Ok(None) };
        self.add(Module::of_file(&module, path));
        let modules = self.modules.read();
        let module = modules.get(&*module).map(Arc::clone);
        Ok(module.map(|module| Named { module, function }))
    }

    /// Publishes code that was sent, by its hash and perhaps by a name. Its functions are told as
    /// the catalogue tells them, with the `path` that each is called by.
    ///
    /// # Errors
    /// It is no Python, its body raises, or the name is not free.
    pub async fn publish(
        &self,
        asker: &Asker<'_>,
        code: Code,
        wish: Wish,
    ) -> Result<Vec<FunctionInfo>, Box<Problem>> {
        let id = code.id();
        let name = wish.name.as_deref();
        if let Some(name) = name {
            self.check_name(name, code.source().len())?;
        }
        let hash = id.to_string();
        let shown = wish.code_name.clone();
        let module = Arc::new(Module::sent(name.unwrap_or(&hash), code.clone(), shown));
        let described = module.current(asker).await?;
        if let (Some(name), true) = (name, wish.keep) {
            let kept = self.kept.as_ref().ok_or_else(nowhere)?;
            kept.write(name, code.source()).map_err(unwritable)?;
        }
        self.sent.put(id, Arc::clone(&module));
        if let Some(name) = name {
            self.modules.write().insert(name.into(), module);
        }
        let told = described.functions().map(|function| {
            let mut info = function.info().clone();
            let function = function.name().to_owned();
            let path = match name {
                Some(name) => format!("/{}/{function}", name.replace('.', "/")),
                None => SentFunction { code: id, function }.path(),
            };
            info.path = Some(path);
            info
        });
        Ok(told.collect())
    }

    /// # Errors
    /// It is no name, a file has it, or no more are taken.
    fn check_name(&self, name: &str, length: usize) -> Result<(), Box<Problem>> {
        let refused = |why: String| {
            let problem = Problem::new(ProblemKind::MalformedCall, why);
            Err(Box::new(problem.with_field("name")))
        };
        if !is_module_name(name) {
            return refused(format!(
                "`name` is {name:?}; give identifiers with dots, as of a module"
            ));
        }
        let modules = self.modules.read();
        if modules.get(name).is_some_and(|module| !module.is_sent()) {
            return refused(format!(
                "`name` is {name:?}, a module that this server publishes already"
            ));
        }
        let others = modules.values().filter(|module| module.is_sent() && module.name() != name);
        let (named, bytes) =
            others.fold((0, length), |(named, bytes), module| (named + 1, bytes + module.weight()));
        if bytes > sent::MOST_BYTES {
            let most = sent::MOST_BYTES;
            return refused(format!(
                "`name`: code with names has {most} bytes at most, all together"
            ));
        }
        if named >= MOST_NAMED {
            return refused(format!(
                "`name`: {MOST_NAMED} names have been given to sent code; use one of them again"
            ));
        }
        Ok(())
    }

    /// Describes every module once, one after another: calls go on beside it.
    pub async fn describe_all(&self, asker: &Asker<'_>) {
        let modules: Vec<_> = self.modules.read().values().map(Arc::clone).collect();
        for module in modules {
            // What is wrong with it is noted there.
            let _ = module.current(asker).await;
        }
        self.is_ready.store(true, Ordering::Relaxed);
    }

    /// False until every module has been described once.
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed)
    }

    /// How many modules have been described, and how many there are.
    pub fn progress(&self) -> (usize, usize) {
        let modules = self.modules.read();
        (modules.values().filter(|module| module.is_looked_at()).count(), modules.len())
    }

    /// All functions as they are now, but for modules that were never described yet.
    pub async fn catalogue(self: &Arc<Self>, asker: &Asker<'_>) -> Catalogue {
        if self.is_ready() {
            let own = Arc::clone(self);
            // Folders may be slow. One that panics finds nothing.
            let _ = tokio::task::spawn_blocking(move || own.look_for_files()).await;
        }
        let modules: Vec<_> = self.modules.read().values().map(Arc::clone).collect();
        let (mut functions, mut errors) = (Vec::new(), Vec::new());
        for module in modules {
            if !self.is_ready() && !module.is_looked_at() {
                continue;
            }
            let described = module.current(asker).await;
            if let Ok(described) = &described {
                let shown = described.functions().filter(|function| !function.is_hidden());
                functions.extend(shown.map(|function| function.info().clone()));
            }
            if let Some(problem) = module.problem() {
                errors.push(Unpublished {
                    module: module.name().to_owned(),
                    message: problem.detail,
                    keeps_old: described.is_ok(),
                });
            }
        }
        Catalogue { functions, errors, ready: self.is_ready() }
    }
}

impl Named {
    /// The function as its module's text is now, and the code that it is called in.
    ///
    /// # Errors
    /// The module does not load, or has no such function.
    pub async fn function(
        &self,
        asker: &Asker<'_>,
    ) -> Result<(Code, Arc<Function>, Option<Arc<str>>), Box<Problem>> {
        let described = self.module.current(asker).await?;
        let Some(function) = described.function(&self.function) else {
            let names: Vec<_> = described
                .functions()
                .filter(|function| !function.is_hidden())
                .map(|function| function.name())
                .take(20)
                .collect();
            let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let (module, function) = (self.module.name(), &self.function);
            let detail =
                format!("{module} has no function {function}; of those it publishes: {has}");
            return Err(Box::new(Problem::new(ProblemKind::NotFound, detail)));
        };
        Ok((described.code().clone(), Arc::clone(function), self.module.code_name()))
    }
}

fn unknown(code: CodeId) -> Box<Problem> {
    let detail = format!(
        "no code of the hash {code} is here (any more): send it again by PUT to /_owt/code"
    );
    Box::new(Problem::new(ProblemKind::UnknownCode, detail))
}

fn nowhere() -> Box<Problem> {
    let detail = "`keep` wants a folder for what outlives the server, and it has none: start it \
                  with a home folder or with XDG_STATE_HOME";
    Box::new(Problem::new(ProblemKind::MalformedCall, detail).with_field("keep"))
}

fn unwritable(error: KeptError) -> Box<Problem> {
    Box::new(Problem::new(ProblemKind::Internal, error.to_string()))
}
