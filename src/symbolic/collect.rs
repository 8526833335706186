//! What `collect` makes of an iterator, and which of its elements is the greatest.

use super::adaptor::Adaptor;
use super::eval::last as last_of;
use super::iterate::Iter;
use super::machine::{Result, Run, unknown};
use super::text::text;
use super::value::{Maybe, Place, Step, Value};
use crate::model::{Def, Ty, TyHead};

impl Run<'_> {
    /// The greatest or least of all elements.
    pub(super) fn greatest(
        &mut self,
        all: Vec<Value>,
        name: &str,
        args: &mut Vec<Value>,
    ) -> Result<Value> {
        if all.is_empty() {
            return Ok(Value::none());
        }
        let code = args.pop().map(|code| Value::Ref(Place::slot(self.slot(code))));
        let slots: Vec<_> = all.into_iter().map(|item| self.slot(item)).collect();
        let mut keys = Vec::new();
        for &slot in &slots {
            let own = Value::Ref(Place::slot(slot));
            keys.push(match &code {
                Some(code) if name.ends_with("key") => {
                    let key = self.call_value(code.clone(), vec![own])?;
                    self.seen(&key)
                }
                _ => own,
            });
        }
        let compares = code.filter(|_| !name.ends_with("key"));
        let best = self.extreme(&keys, compares.as_ref(), name.starts_with("max"))?;
        let mut items: Vec<Value> = slots
            .iter()
            .map(|&slot| std::mem::replace(&mut self.slots[slot], Value::Moved))
            .collect();
        let Some(best) = best else {
            if items.iter().any(|it| self.owns(it)) {
                return unknown("the greatest of what owns threads");
            }
            return Ok(Value::some(self.unknown.fresh()));
        };
        let best = items.remove(best);
        self.discard_all(items, "dropped, as another one is chosen")?;
        Ok(Value::some(best))
    }

    /// What `collect` makes: by the type that is wanted, or by what the elements are.
    pub(super) fn collected(&mut self, iter: Value, want: &Ty) -> Result<Value> {
        let path = want.path().unwrap_or_default();
        let last = last_of(path);
        let iter = self.aimed(iter, want);
        if let Some(head @ TyHead::Item(..)) = want.head() {
            let own = self.model.methods_of(&head, "from_iter").first().map(|it| it.item);
            return match own {
                Some(own) => self.call_function(own, None, vec![iter], None),
                None => unknown("`collect` into another type"),
            };
        }
        if matches!(last, "Result" | "Option") {
            let inner = want.payload();
            let Value::Iter(mut iter) = iter else { return unknown("no iterator") };
            let mut all = Vec::new();
            while let Some(item) = self.advance(&mut iter)? {
                let own = self.slot(item);
                let place = Place::slot(own);
                let good = if last == "Option" { Maybe::Some } else { Maybe::Ok };
                match self.maybe_at(&place, good)? {
                    Some(is) if is.is_good() => all.push(self.take(&place.then(Step::Inner))?),
                    Some(_) => {
                        self.discard_all(all, "dropped by a `collect` that stops at an error")?;
                        self.discard(
                            Value::Iter(iter),
                            "left in an iterator by a `collect` that stops at an error",
                        )?;
                        return self.take(&place);
                    }
                    None => return unknown("`collect` of something else"),
                }
            }
            let made = self.gathered(all, &inner)?;
            return Ok(if last == "Option" { Value::some(made) } else { Value::ok(made) });
        }
        let all = self.drained(iter)?;
        self.gathered(all, want)
    }

    /// An iterator that turns its elements `into` what a collection is wanted of, by the `From` of that.
    fn aimed(&self, mut iter: Value, want: &Ty) -> Value {
        if let Value::Iter(it) = &mut iter
            && let Iter::Adapted(Adaptor::Map, _, Value::Function(defs)) = &mut **it
            && matches!(defs.as_slice(), [Def::External(path)] if path.ends_with("Into::into"))
            && let Ty::Named(TyHead::External(_), _, args) = want
            && let Some(head @ TyHead::Item(..)) = args.first().and_then(Ty::head)
            && let [only] = self.model.methods_of(&head, "from")
        {
            *defs = vec![Def::Method(only.item)];
        }
        iter
    }

    pub(super) fn gathered(&mut self, all: Vec<Value>, want: &Ty) -> Result<Value> {
        let path = want.path().unwrap_or_default();
        let last = path.rsplit("::").next().unwrap_or(path);
        let kind = match last {
            it if it.ends_with("Map") || it.ends_with("Set") => Self::kind_of(it),
            "BinaryHeap" | "VecDeque" | "LinkedList" => {
                return Ok(Value::Many(Self::kind_of(last), all));
            }
            "Arc" | "Rc" => {
                return Ok(self.share(Value::list(all)));
            }
            "String" | "str" => {
                let said = all.iter().map(|it| match self.seen(it) {
                    Value::Text(said) => Some(said.to_string()),
                    _ => None,
                });
                if let Some(said) = said.collect::<Option<String>>() {
                    return Ok(text(said));
                }
                self.discard_all(all, "dropped")?;
                return Ok(self.unknown.untold_anew());
            }
            _ if *want == Ty::Tuple(Vec::new()) => {
                self.discard_all(all, "dropped")?;
                return Ok(Value::Unit);
            }
            _ => return Ok(Value::list(all)),
        };
        let slot = self.slot(Self::empty(kind));
        let place = Place::slot(slot);
        for item in all {
            let mut args = match item {
                Value::Tuple(parts) if kind.is_map() => parts,
                other => vec![other],
            };
            let old = self.keyed(&place, kind, "insert", &mut args)?;
            self.discard(old, "another value came for its key")?;
        }
        self.take(&place)
    }
}
