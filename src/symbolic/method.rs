//! Method calls: the first type on the way of `Deref` that has the method.

use super::machine::{Result, Run, unknown};
use super::unknown::key;
use super::value::{Maybe, Place, Value};
use crate::facts::tree::{MethodCall, Name, Receiver};
use crate::model::{ItemRef, Ty, TyHead};

impl Run<'_> {
    /// `receiver.name(args)`
    pub(super) fn method_call(&mut self, call: &MethodCall, want: &Ty) -> Result<Value> {
        let receiver = self.place_wanted(call.receiver, &receiver_type(&call.name, want))?;
        let types: Vec<Ty> = call.types.iter().map(|it| self.ty(it)).collect();
        let mut place = receiver.clone();
        if let ("into", Some(head)) = (&*call.name, want.head())
            && let [only] = self.model.methods_of(&head, "from")
            && self.model.item_of(want).is_some()
        {
            let (item, value) = (only.item, self.take(&place)?);
            return self.call_function(item, None, vec![value], None);
        }
        loop {
            // A method of the project's comes first where a value is of its types.
            let head = match self.get(&place)? {
                Value::Data(data) => Some(TyHead::Item(data.item.file, data.item.item)),
                Value::Sym(id) => self.unknown.type_of(*id).and_then(Ty::head),
                _ => None,
            };
            if let Some(head) = head {
                let own = self.model.called_of(&head, &call.name);
                let own = match own.as_slice() {
                    // One of its own, and another of a trait behind which it may be hidden.
                    [only]
                        if !self.model.is_of_trait(only)
                            && self.provided(&head, &call.name).is_some() =>
                    {
                        return unknown("a method of several meanings");
                    }
                    [only] => Some(only.item),
                    [] => self.provided(&head, &call.name),
                    _ => return unknown("a method of several meanings"),
                };
                if let Some(own) = own {
                    return self.call_own(own, &place, call, &types);
                }
                // A closure in a field is called like `(self.f)(..)`; `clone` may be derived.
            }
            let args_of = |run: &mut Self| run.eval_all(&call.args, &Ty::Unknown);
            // An iterator behind a reference stays where it is.
            if place != receiver
                && matches!(self.get(&place)?, Value::Iter(_))
                && !super::consume::BY_REFERENCE.contains(&&*call.name)
            {
                place = self.temp(Value::Iter(Box::new(super::iterate::Iter::At(place.clone()))));
            }
            if self.is_built_in(&place, &call.name)? {
                let at = self.at.1;
                let want = match types.first() {
                    Some(ty) if &*call.name == "collect" => ty.clone(),
                    _ => want.clone(),
                };
                let mut args = args_of(self)?;
                self.at.1 = at;
                let born = (self.at.0, call.name_range);
                return self.built_in(&place, &call.name, &mut args, &want, born);
            }
            if let Some(own) = self.of_trait(&place, &call.name)? {
                return self.call_own(own, &place, call, &types);
            }
            if self.is_iterator(&place)? && self.is_iterator_method(&call.name) {
                if &*call.name == "by_ref" {
                    return Ok(Value::Ref(place));
                }
                place = self.as_iterator(&place, place == receiver)?;
                continue;
            }
            match self.deref(&place)? {
                Some(to) => place = to,
                None => {
                    return unknown(&format!(
                        "the method `{}` of {}",
                        call.name,
                        what(self.get(&receiver)?)
                    ));
                }
            }
        }
    }

    /// An iterator of the project as one of std: whoever has it gives it away, and who has a reference that.
    fn as_iterator(&mut self, place: &Place, is_own: bool) -> Result<Place> {
        let over = if is_own { self.take(place)? } else { Value::Ref(place.clone()) };
        Ok(self.temp(Value::Iter(Box::new(super::iterate::Iter::Own(over)))))
    }

    /// Whether a value of the project is an iterator.
    pub(super) fn is_iterator(&self, place: &Place) -> Result<bool> {
        Ok(match self.get(place)? {
            Value::Data(data) => {
                let head = TyHead::Item(data.item.file, data.item.item);
                !self.model.methods_of(&head, "next").is_empty()
            }
            _ => false,
        })
    }

    pub(super) fn call_own(
        &mut self,
        own: ItemRef,
        place: &Place,
        call: &MethodCall,
        types: &[Ty],
    ) -> Result<Value> {
        let Some(function) = self.model.function(own) else { return unknown("no function") };
        let receiver = match function.receiver {
            Some(Receiver::Reference(_)) => Value::Ref(place.clone()),
            Some(Receiver::Value) => self.take(place)?,
            Some(Receiver::Typed) => self.typed_receiver(place)?,
            None => return unknown("a function that is no method"),
        };
        let at = self.at.1;
        let more = match self.seen(&receiver) {
            Value::Data(data) => data.types,
            _ => Vec::new(),
        };
        self.call_written(own, Some(receiver), &call.args, (types, more), at)
    }

    /// `self: &Rc<Self>`, `self: Box<Self>`: what the value is in, or the value.
    pub(super) fn typed_receiver(&mut self, place: &Place) -> Result<Value> {
        // The shared owner that led here.
        let shared =
            self.shared.iter().position(|it| it.slot == place.slot && place.path.is_empty());
        match shared {
            Some(id) => {
                let slot = self.slot(Value::Shared(id));
                Ok(Value::Ref(Place::slot(slot)))
            }
            None => self.take(place),
        }
    }

    /// A method that a trait of the project gives to a type of std.
    pub(super) fn of_trait(&self, place: &Place, name: &str) -> Result<Option<ItemRef>> {
        let paths: &[&str] = match self.get(place)? {
            Value::Handle(_) => &["std::thread::JoinHandle"],
            Value::Maybe(Maybe::Some | Maybe::None, _) => &["std::option::Option"],
            Value::Maybe(..) => &["std::result::Result"],
            Value::Many(super::value::Kind::List, _) => {
                &["std::vec::Vec", "std::collections::VecDeque"]
            }
            Value::Many(super::value::Kind::Map, _) => {
                &["std::collections::HashMap", "std::collections::BTreeMap"]
            }
            Value::Int(_) => &["u8", "u16", "u32", "u64", "usize", "i32", "i64"],
            Value::Text(_) => &["str", "std::string::String"],
            Value::Cell(super::value::Cell::Lock, _) => &["std::sync::Mutex", "std::sync::RwLock"],
            _ => &[],
        };
        let mut found = paths
            .iter()
            .flat_map(|path| self.model.methods_of(&TyHead::External(Name::from(*path)), name));
        Ok(match (found.next(), found.next()) {
            (Some(only), None) => Some(only.item),
            _ => None,
        })
    }

    /// Calls a method on what is at a place, with values.
    pub(super) fn method(
        &mut self,
        place: &Place,
        name: &str,
        mut args: Vec<Value>,
    ) -> Result<Value> {
        let mut place = place.clone();
        loop {
            if let Value::Data(data) = self.get(&place)? {
                let head = TyHead::Item(data.item.file, data.item.item);
                let own = self.model.called_of(&head, name);
                let own = own.first().map(|it| it.item).or_else(|| self.provided(&head, name));
                if let Some(own) = own {
                    let takes = self.model.function(own).and_then(|it| it.receiver.clone());
                    let receiver = match takes {
                        Some(Receiver::Reference(_)) => Value::Ref(place.clone()),
                        _ => self.take(&place)?,
                    };
                    return self.call_function(own, Some(receiver), args, None);
                }
            }
            if self.is_built_in(&place, name)? {
                let born = self.at;
                return self.built_in(&place, name, &mut args, &Ty::Unknown, born);
            }
            if let Some(own) = self.of_trait(&place, name)? {
                let receiver = self.take(&place)?;
                return self.call_function(own, Some(receiver), args, None);
            }
            match self.deref(&place)? {
                Some(to) => place = to,
                None => {
                    return unknown(&format!("the method `{name}` of {}", what(self.get(&place)?)));
                }
            }
        }
    }

    /// What a method of something unknown gives: the same each time, if it only looks.
    pub(super) fn of_unknown(
        &mut self,
        place: &Place,
        name: &str,
        args: &[Value],
    ) -> Result<Value> {
        let receiver = self.get(place)?.clone();
        let shown: Vec<String> = args.iter().map(|it| key(&self.seen(it))).collect();
        if SAME.contains(&name) && args.is_empty() {
            if name.ends_with("iter") {
                self.unknown.is_iterator(&receiver);
            }
            return Ok(receiver);
        }
        let made = match LOOKS.contains(&name) {
            true => {
                let key = format!("{}.{name}({})", key(&receiver), shown.join(","));
                self.unknown.derived(key, Some(&receiver))
            }
            false => self.unknown.made_of(&receiver),
        };
        if ITERATES.contains(&name) {
            self.unknown.is_iterator(&made);
        }
        if let Some(good) = super::maybe::given_by(name) {
            self.unknown.is_maybe(&made, good);
        }
        Ok(made)
    }
}

/// Methods of something unknown that give what is the same as far as anybody asks.
const SAME: &[&str] = &[
    "as_str",
    "as_ref",
    "trim",
    "to_string",
    "to_owned",
    "clone",
    "as_deref",
    "copied",
    "cloned",
    "into",
    "as_bytes",
    "iter",
    "into_iter",
    "by_ref",
    "borrow",
    "to_vec",
];
/// Methods of something unknown that give the same each time.
const LOOKS: &[&str] = &[
    "len",
    "is_empty",
    "trim_end",
    "starts_with",
    "ends_with",
    "contains",
    "is_some",
    "is_none",
    "is_ok",
    "is_err",
    "eq",
    "parse",
    "to_lowercase",
    "to_uppercase",
    "unwrap",
    "expect",
    "lines",
    "chars",
    "bytes",
    "split_whitespace",
    "split",
    "min",
    "max",
    "is_file",
    "exists",
    "as_ref",
    "trim",
];
/// Methods of something unknown that give iterators.
const ITERATES: &[&str] = &[
    "lines",
    "chars",
    "bytes",
    "split",
    "split_whitespace",
    "char_indices",
    "keys",
    "values",
    "splitn",
    "incoming",
    "read_dir",
    "windows",
    "chunks",
    "rev",
    "skip",
    "take",
];

/// What kind of value it is, for messages.
fn what(value: &Value) -> String {
    let shown = format!("{value:?}");
    shown.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

/// What the receiver of a method is made for, if the result is wanted as a type.
fn receiver_type(name: &str, want: &Ty) -> Ty {
    match name {
        "unwrap" | "expect" | "unwrap_or_default" => {
            Ty::external("std::result::Result", vec![want.clone()])
        }
        _ => Ty::Unknown,
    }
}
