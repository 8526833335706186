//! Handles in fields once more, for the value that keeps them.
//!
//! A field that something joins clears every value of its type, also those that are dropped without it. Where
//! every way of the one value that keeps a handle can be followed to its end, that end is the verdict; and where one way
//! joins it and another is sure to lose it, that is enough.

use std::sync::PoisonError;

use super::Outcome;
use super::fate::{Fates, Judged};
use crate::facts::tree::{ItemKind, Type, spelled};
use crate::flow::{Exit, Home, LossKind, Task, solve_by_value};
use crate::model::{Names, Scope, Unread};

impl Fates<'_> {
    /// What was concluded of a handle for all values of the types that keep it, or, if that can be told, what
    /// becomes of the one value that does.
    pub(super) fn narrow(&self, task: &Task, judged: Judged) -> Judged {
        let of_types = matches!(judged.outcome, Outcome::StoredAndJoined | Outcome::Unknown);
        if !of_types && !judged.lost_from_cell {
            return judged;
        }
        let of_cells = judged.outcome != Outcome::Unknown;
        let solution = solve_by_value(self.model, self.program, task);
        let of_value = Fates::of_values(self.model, self.program, &solution, of_cells);
        let own = of_value.judge(task);
        let decided = matches!(own.outcome, Outcome::Joined | Outcome::Partly | Outcome::Detached);
        let makers: Unread = solution.exits().flat_map(|exit| self.unread_makers(exit)).collect();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.wanted.unread.extend(makers);
        if !decided && !own.uncalled {
            return judged;
        }
        for exit in solution.exits() {
            asked.wanted.names.extend(self.callers_spell(exit));
        }
        if let Some(LossKind::Owner(Home::Field(file, item, _))) =
            own.loss.as_ref().map(|loss| &loss.kind)
        {
            // A macro may implement something for the type.
            let name = self.model.facts[*file].item(*item).name.to_string();
            asked.wanted.names.insert((name, self.model.scope_of_member(*file, *item, None)));
        }
        if let (Task::Birth(body, number), false) = (task, solution.unlowered.is_empty()) {
            asked.waiting.extend(self.lasting(*body, *number));
        }
        let unread = solution.unlowered.iter();
        asked.wanted.functions.extend(unread.map(|item| (item.file, item.item)));
        if !decided || !solution.unlowered.is_empty() {
            return judged;
        }
        match own.outcome {
            Outcome::Joined if judged.outcome == Outcome::StoredAndJoined => judged,
            _ => own,
        }
    }

    /// What a call of a function that hands something out has to spell. Constructors are called `new`
    /// everywhere, so of those only calls are looked for that name the type.
    fn callers_spell(&self, exit: &Exit) -> Names {
        let mut names = Names::new();
        let Some(function) = self.reference(exit.function) else { return names };
        let item = self.model.item(function.item);
        let scope = self.model.scope_of_function(function.item);
        let of_type = function.container.and_then(|container| {
            let ItemKind::Impl(it) = &self.model.item(container).kind else { return None };
            let Type::Path(None, path) = &it.self_ty else { return None };
            Some(path.last().to_owned())
        });
        let takes_self = self.model.function(function.item).is_some_and(|it| it.receiver.is_some());
        match of_type.filter(|_| !takes_self) {
            Some(ty) => {
                names.insert((ty, scope));
                names.insert((item.name.to_string(), Scope::Below(function.item.file)));
            }
            None => {
                names.insert((spelled(&item.name).to_owned(), scope));
            }
        }
        names
    }
}
