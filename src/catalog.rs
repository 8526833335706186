//! The catalog: which paths spawn, scope, join, detach and wait, as data.
//!
//! `rules/apis.toml` is the one list; a configuration adds entries of the same form. Code never
//! names a thread API: it asks the catalog for the role of a canonical path.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What an API does in the life of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Creates an operating system thread.
    Spawn,
    /// Creates a thread that its scope joins.
    ScopedSpawn,
    /// Runs a closure with a scope and joins all its threads at the end.
    Scope,
    /// Makes a builder, or is a step of one.
    Builder,
    /// A builder step that gives the thread its name.
    Name,
    /// The type of a handle that must be joined.
    Handle,
    /// The type of a child process that must be waited for.
    ChildHandle,
    /// The type of a handle of an asynchronous task.
    TaskHandle,
    /// The type of a handle that something else joins.
    OwnedHandle,
    /// Joins the handle it is called on.
    Join,
    /// Throws its argument away on purpose.
    Detach,
    /// Looks at a handle without taking it.
    NonUse,
    /// Spawns through a registry that owns the handle.
    OwnedByRegistry,
    /// Creates a child process.
    SpawnChild,
    /// Waits for some child process without its handle.
    WaitChild,
    /// Creates an asynchronous task.
    SpawnTask,
    /// Waits for a time, whatever happens.
    Sleep,
    /// Never returns.
    Exit,
    /// Makes a channel: a sender and a receiver.
    Channel,
    /// Says whether a thread was asked to stop, or ends it if so.
    StopCheck,
    /// Runs the closure or future it is given to its end before it returns.
    Runs,
    /// An iterator or a future that never ends.
    Endless,
    /// Looks like a thread API and is none (loom, shuttle).
    LookAlike,
}

impl Role {
    /// The roles of calls that give birth: to a thread, a child process or a task.
    pub const BIRTHS: &[Self] =
        &[Self::Spawn, Self::ScopedSpawn, Self::OwnedByRegistry, Self::SpawnChild, Self::SpawnTask];
}

/// One entry of the catalog.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Api {
    /// Canonical path: `std::thread::Builder::spawn`. Methods stand under their type.
    pub path: String,
    /// What it does.
    pub role: Role,
    /// Type of what it returns: a canonical path, `Result<…>` or `Option<…>` of one, or `Self`.
    pub returns: Option<String>,
    /// Position of the argument that runs on the new thread or inside the scope, `self` not counted.
    pub body: Option<usize>,
    /// Type of the first parameter of that closure.
    pub passes: Option<String>,
    /// What a thread that it spawns has to end its loops with, in words.
    pub stop: Option<String>,
}

/// All entries by path.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    entries: BTreeMap<String, Api>,
    /// Role of each path: asked for every call there is.
    roles: HashMap<String, Role>,
    /// Every path with an entry at it or below it.
    prefixes: HashSet<String>,
    /// Last names of entries that a configuration added: they may be functions of the project.
    own: BTreeSet<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    api: Vec<Api>,
}

impl Catalog {
    /// The catalog that ships with the tool.
    ///
    /// # Panics
    /// Never in a build that passed its tests: the embedded text is parsed by one.
    #[expect(
        clippy::panic,
        reason = "the embedded catalog is part of the build and parsed by a test"
    )]
    pub fn embedded() -> Self {
        match toml::from_str::<File>(include_str!("../rules/apis.toml")) {
            Ok(file) => {
                let mut catalog = Self::default();
                file.api.into_iter().for_each(|api| catalog.enter(api));
                catalog
            }
            Err(error) => panic!("rules/apis.toml: {error}"),
        }
    }

    /// Adds an entry of a configuration; a later one for the same path replaces the earlier.
    pub fn add(&mut self, api: Api) {
        self.own.extend(api.path.rsplit("::").next().map(str::to_owned));
        self.enter(api);
    }

    fn enter(&mut self, api: Api) {
        let ends = api.path.match_indices("::").map(|(at, _)| at).chain([api.path.len()]);
        self.prefixes.extend(ends.map(|end| api.path[..end].to_owned()));
        self.roles.insert(api.path.clone(), api.role);
        self.entries.insert(api.path.clone(), api);
    }

    /// Whether there is an entry at this path or below it.
    pub fn knows(&self, path: &str) -> bool {
        self.prefixes.contains(path)
    }

    /// Whether a configuration added an entry whose last name this is.
    pub fn names_own(&self, name: &str) -> bool {
        self.own.contains(name)
    }

    /// The entry of a canonical path.
    pub fn get(&self, path: &str) -> Option<&Api> {
        if self.roles.contains_key(path) { self.entries.get(path) } else { None }
    }

    /// The role of a canonical path.
    pub fn role(&self, path: &str) -> Option<Role> {
        self.roles.get(path).copied()
    }

    /// Last names of the calls that give birth.
    pub fn names_of_births(&self) -> impl Iterator<Item = &str> {
        let births = self.iter().filter(|api| Role::BIRTHS.contains(&api.role));
        births.filter_map(|api| api.path.rsplit("::").next())
    }

    /// All entries, by path.
    pub fn iter(&self) -> impl Iterator<Item = &Api> {
        self.entries.values()
    }
}
