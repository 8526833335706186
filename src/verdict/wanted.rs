//! What would have to be read to be sure of a verdict.
//!
//! Blame needs code that was seen; exoneration may hide where nobody has looked. So before anything
//! is reported, whatever spells the name of a function that hands handles out, or of a field that
//! keeps them, is read as well.

use std::collections::BTreeSet;

use super::fate::Fates;
use crate::facts::tree::{Visibility, spelled};
use crate::flow::{Call, Callee, EndKind, Exit, Flow, Home, LossKind, Site, Task, unread_in_type};
use crate::model::{Ask, Methods, Names, Need, Scope, Unread, Wanted};

impl Fates<'_> {
    /// What the walks depend on beside what was read for other reasons.
    pub(super) fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        for exit in self.solution.exits() {
            if let Some(function) = self.reference(exit.function) {
                let name = &self.model.item(function.item).name;
                let scope = self.model.scope_of_function(function.item);
                wanted.names.insert((spelled(name).to_owned(), scope));
            }
            wanted.unread.extend(self.unread_before(exit));
        }
        for &(file, item) in &self.solution.statics {
            if let Some(facts) = self.model.facts.get(file) {
                let name = spelled(&facts.item(item).name).to_owned();
                wanted.names.insert((name, self.model.scope_of_member(file, item, None)));
            }
        }
        let mut keeping: BTreeSet<&str> = BTreeSet::new();
        for (cell, _) in self.solution.keeps() {
            wanted.names.extend(self.model.spellings_of(&cell.home));
            if let Home::Field(file, item, _) = &cell.home {
                keeping.insert(&self.model.facts[*file].item(*item).name);
            }
            if !cell.proj.is_empty() {
                let types = unread_in_type(self.model, cell).into_iter();
                wanted.unread.extend(types.map(|(module, name)| (module, name, Need::Type)));
            }
        }
        // An `impl` by a path of new names may be for one of these types.
        let of_keeping = self.model.open_impls().filter(|(name, _)| keeping.contains(name));
        let named = of_keeping.flat_map(|(_, asked)| asked.iter().filter_map(Ask::in_module));
        wanted.unread.extend(named.map(|(module, name)| (module, name.clone(), Need::Meaning)));
        for (file, method) in &self.solution.unknown_methods {
            let scope = Scope::Package(self.model.project.file(*file).package);
            wanted.names.insert((format!("fn {method}"), scope));
        }
        wanted.files = self.solution.unlowered.iter().map(|item| item.file).collect();
        self.want_where_lost(&mut wanted);
        wanted
    }

    /// What is named in modules nobody has read where something is called by the name of a function that
    /// hands handles out: it is that function or another.
    fn unread_before(&self, exit: &Exit) -> Unread {
        let Some(function) = self.reference(exit.function) else { return Unread::new() };
        let name = &self.model.item(function.item).name;
        let Some(declared) = self.model.function(function.item) else { return Unread::new() };
        let is_method = declared.receiver.is_some();
        let sites = || self.program.loose_calls(name, declared);
        let named = sites().flat_map(|site| self.program.unread_of(site.body));
        let needed = named.filter_map(|(module, of)| match of == name {
            true => Some((module, of.clone(), Need::Meaning)),
            false => is_method.then(|| (module, of.clone(), Need::Type)),
        });
        // A module on the way to it may have any name.
        let by_path = |site: &Site| {
            let call = self.program.call_at(*site);
            call.is_some_and(|call| call.receiver().is_none() && call.may_be_unread())
        };
        let by_path = sites().filter(by_path);
        let named = by_path.flat_map(|site| &self.program.body(site.body).flows.open);
        let on_the_way = named.filter(|(_, of)| !of.starts_with(char::is_uppercase));
        let on_the_way = on_the_way.map(|(module, of)| (*module, of.clone(), Need::Meaning));
        let needed = needed.chain(on_the_way);
        needed.chain(self.unread_makers(exit)).collect()
    }

    /// Functions that nobody has read and that may make what a method of an exit's name is called on.
    pub(super) fn unread_makers(&self, exit: &Exit) -> Unread {
        let Some(function) = self.reference(exit.function) else { return Unread::new() };
        let name = &self.model.item(function.item).name;
        let declared = self.model.function(function.item).filter(|it| it.receiver.is_some());
        let Some(declared) = declared else { return Unread::new() };
        let sites = self.program.loose_calls(name, declared);
        let made = sites.filter(|site| self.is_made_elsewhere(*site));
        let makers = made.flat_map(|site| &self.program.body(site.body).flows.open);
        makers.map(|(module, of)| (*module, of.clone(), Need::Meaning)).collect()
    }

    /// Whether a function that nobody has read may have made what a method is called on.
    fn is_made_elsewhere(&self, site: Site) -> bool {
        let flow = self.program.body(site.body).flows.body(site.flow);
        let receiver = self.program.call_at(site).and_then(Call::receiver);
        let is_unread =
            |call: &Call| matches!(call.callee, Callee::Function(_)) && call.may_be_unread();
        receiver.is_some_and(|place| flow.origins(place.local).any(is_unread))
    }

    /// What nobody has read where a handle is lost or cannot be followed.
    fn want_where_lost(&self, wanted: &mut Wanted) {
        let (mut lost, mut escaped) = (BTreeSet::new(), BTreeSet::new());
        let mut gathered = BTreeSet::new();
        for task in self.solution.tasks() {
            let bodies: &[u32] = match task {
                Task::Birth(body, _) => std::slice::from_ref(body),
                Task::Carry(site, _) | Task::Access(site, ..) => std::slice::from_ref(&site.body),
                Task::Param(key) => self.program.bodies_of(key.function),
            };
            for end in self.solution.ends(task) {
                match end.kind {
                    EndKind::Escaped => escaped.extend(bodies),
                    EndKind::Lost(LossKind::Collection(_)) => {
                        lost.extend(bodies);
                        gathered.extend(bodies);
                    }
                    EndKind::Lost(_) => lost.extend(bodies),
                    _ => {}
                }
            }
        }
        let gathers = |body: &&u32| self.calls_in(**body).any(Call::gathers_somehow);
        let named = |body: &u32| {
            let named = self.program.unread_of(*body);
            named.map(|(module, name)| (module, name.clone()))
        };
        let gathered = gathered.into_iter().filter(gathers).flat_map(named);
        let escaped = escaped.into_iter().flat_map(named);
        let decide = lost.iter().flat_map(|&&body| &self.program.body(body).flows.open);
        let as_need = |need| move |(module, name)| (module, name, need);
        wanted.unread.extend(gathered.map(as_need(Need::Type)));
        wanted.unread.extend(escaped.map(as_need(Need::Meaning)));
        wanted.unread.extend(decide.cloned().map(as_need(Need::Decision)));
        // What is called may never return, whoever made what it is called on.
        wanted.diverging.extend(lost.into_iter().filter_map(|&body| {
            let unread = self.calls_in(body).filter(|call| call.may_be_unread());
            let called: BTreeSet<_> = unread.map(|call| call.name.clone()).collect();
            let lowered = self.program.body(body);
            let named = named(&body).chain(lowered.flows.open.iter().cloned()).collect();
            let file = lowered.function.item.file;
            (!called.is_empty()).then_some(Methods { file, called, named })
        }));
    }

    fn calls_in(&self, body: u32) -> impl Iterator<Item = &Call> {
        self.program.body(body).flows.bodies.iter().flat_map(Flow::calls)
    }

    /// Names of public types that keep handles which nobody joins, and that no re-export is known to
    /// lead to, and of the private modules around them: one that nobody read would spell them.
    pub(super) fn ways_out(&self) -> Names {
        let mut names = Names::new();
        for (file, id) in self.never_joined() {
            for item in self.model.refs_of(file, id) {
                let declared = self.model.item(item);
                if declared.visibility != Visibility::Public
                    || self.model.is_reachable(item.file, item.item)
                    || !self.publishes(item.file)
                {
                    continue;
                }
                let scope = Scope::Package(self.model.project.file(file).package);
                names.insert((declared.name.to_string(), scope));
                let mut module = Some(item.module);
                while let Some(id) = module {
                    let here = self.model.module(id);
                    if !here.name.is_empty() {
                        names.insert((here.name.to_string(), scope));
                    }
                    module = here.parent;
                }
            }
        }
        names
    }
}
