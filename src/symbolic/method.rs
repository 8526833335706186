//! Method calls: the first type on the way of `Deref` that has the method.

use super::consume::BY_REFERENCE;
use super::eval::last;
use super::iterate::Iter;
use super::machine::{Result, Run, unknown};
use super::same::key;
use super::value::{Cell, Kind, Maybe, Place, Value, head_of};
use crate::facts::tree::{ItemKind, MethodCall, Name, Receiver};
use crate::model::{ItemRef, Ty, TyHead};

/// What a call of a method means.
enum Found {
    /// A function of the project, what it is called on, and the shared owner that leads there, if one does.
    Own(ItemRef, Place, Option<Place>),
    /// A method of std, and what it is called on.
    OfStd(Place),
}

impl Run<'_> {
    /// `receiver.name(args)`
    pub(super) fn method_call(&mut self, call: &MethodCall, want: &Ty) -> Result<Value> {
        let receiver = self.place_wanted(call.receiver, &receiver_type(&call.name, want))?;
        let types: Vec<Ty> = call.types.iter().map(|it| self.ty(it)).collect();
        if let ("into", Some(head)) = (&*call.name, want.head())
            && let [only] = self.model.methods_of(&head, "from")
            && self.model.item_of(want).is_some()
        {
            let (item, value) = (only.item, self.take(&receiver)?);
            return self.call_function(item, None, vec![value], None);
        }
        if let ("into", Value::Many(..), Some(path)) =
            (&*call.name, self.get(&receiver)?, want.path())
            && let kind @ ("Vec" | "VecDeque" | "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet"
            | "BinaryHeap") = last(path)
        {
            let path = format!("std::collections::{kind}::from");
            let mut args = vec![self.take(&receiver)?];
            let want = &Ty::Unknown;
            let made = self.std_function(&path, &mut args, want)?;
            return made.map_or_else(|| unknown("a collection of another"), Ok);
        }
        if let ("into", Some(path)) = (&*call.name, want.path())
            && let wrap @ ("RefCell" | "Cell" | "Mutex" | "RwLock" | "Arc" | "Rc" | "OnceCell") =
                last(path)
            && !matches!(self.get(&receiver)?, Value::Cell(..) | Value::Shared(_) | Value::Sym(_))
        {
            let path = format!("std::sync::{wrap}::from");
            let mut args = vec![self.take(&receiver)?];
            let made = self.std_function(&path, &mut args, &Ty::Unknown)?;
            return made.map_or_else(|| unknown("a value of another type"), Ok);
        }
        if let ("downcast" | "downcast_ref" | "downcast_mut" | "is", [ty]) =
            (&*call.name, types.as_slice())
            && self.own_method(&self.resolved(&receiver)?, &call.name)?.is_none()
        {
            return self.downcast(&receiver, &call.name, ty);
        }
        match self.found(&receiver, &call.name)? {
            Found::Own(own, place, owner) => {
                self.call_own(own, (&place, owner.as_ref()), call, (&types, want))
            }
            Found::OfStd(place) => {
                let at = self.at.1;
                let want = match types.first() {
                    Some(ty) if &*call.name == "collect" => ty.clone(),
                    Some(ty) if &*call.name == "parse" => {
                        Ty::external("std::result::Result", vec![ty.clone()])
                    }
                    _ => want.clone(),
                };
                let mut args = self.eval_all(&call.args, &Ty::Unknown)?;
                self.at.1 = at;
                let born = (self.at.0, call.name_range);
                self.built_in(&place, &call.name, &mut args, &want, born)
            }
        }
    }

    /// The method that a call means, on the way of `Deref`: one of the project's comes first where a value is of its
    /// types.
    fn found(&mut self, receiver: &Place, name: &str) -> Result<Found> {
        let mut place = receiver.clone();
        let mut owner = None;
        loop {
            if let Some(own) = self.own_method(&place, name)? {
                return Ok(Found::Own(own, place, owner));
            }
            if let Value::Many(Kind::Open, _) = self.get(&place)?
                && !super::many::METHODS.contains(&name)
            {
                // It is the default of something else.
                let is_number = NUMBERS_OWN.contains(&name);
                *self.get_mut(&place)? =
                    if is_number { Value::number(0) } else { super::text::text("") };
            }
            // An iterator behind a reference stays where it is.
            let is_borrowed = place != *receiver && matches!(self.get(&place)?, Value::Iter(_));
            if is_borrowed && !BY_REFERENCE.contains(&name) {
                place = self.temp(Value::Iter(Box::new(Iter::At(place))));
            }
            // A trait of the project for a type of std that has many methods, and not this one.
            let is_plain = matches!(
                self.get(&place)?,
                Value::Int(..) | Value::Float(_) | Value::Bool(_) | Value::Text(_)
            );
            if is_plain
                && self.provides.functions.contains_key(name)
                && let Some(own) = self.of_trait(&place, name)?
            {
                return Ok(Found::Own(own, place, owner));
            }
            if self.is_built_in(&place, name)? {
                return Ok(Found::OfStd(place));
            }
            if let Some(own) = self.of_trait(&place, name)? {
                return Ok(Found::Own(own, place, owner));
            }
            if self.is_iterator(&place)? && self.is_iterator_method(name) {
                let is_own = place == *receiver && !BY_REFERENCE.contains(&name);
                place = self.as_iterator(&place, is_own)?;
                continue;
            }
            let is_owner = matches!(self.get(&place)?, Value::Shared(_));
            match self.deref(&place)? {
                Some(to) => {
                    let before = std::mem::replace(&mut place, to);
                    owner = is_owner.then_some(before);
                }
                None => {
                    // What a trait of the project provides for whatever implements it.
                    if let Some(own) = self.provided_by_trait(name)? {
                        return Ok(Found::Own(own, receiver.clone(), None));
                    }
                    let of = what(self.get(receiver)?);
                    return unknown(&format!("the method `{name}` of {of}"));
                }
            }
        }
    }

    /// A method that only one trait of this crate has, if the trait provides it.
    fn provided_by_trait(&self, name: &str) -> Result<Option<ItemRef>> {
        let here = self.model.module(self.context()?.module).krate;
        let of = self.provides.functions.get(name).into_iter().flatten();
        let mut of = of.filter(|it| self.model.module(it.module).krate == here);
        let (Some(of), None) = (of.next(), of.next()) else { return Ok(None) };
        let ItemKind::Trait(functions, _) = &self.model.item(*of).kind else { return Ok(None) };
        let found = functions.iter().map(|&id| ItemRef { item: id, ..*of });
        let mut found = found.filter(|it| *self.model.item(*it).name == *name);
        Ok(found.next())
    }

    /// A method that the type of a value has, or a trait provides for it.
    fn own_method(&self, place: &Place, name: &str) -> Result<Option<ItemRef>> {
        let head = match self.get(place)? {
            Value::Data(data) => head_of(data.item),
            Value::Sym(id) => match self.unknown.type_of(*id).and_then(Ty::head) {
                Some(head) => head,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        match self.model.called_of(&head, name).as_slice() {
            // One of its own, and another of a trait behind which it may be hidden.
            [only] if !self.model.is_of_trait(only) && self.provided(&head, name).is_some() => {
                unknown("a method of several meanings")
            }
            [only] => Ok(Some(only.item)),
            [] => Ok(self.provided(&head, name)),
            _ => unknown("a method of several meanings"),
        }
    }

    /// An iterator of the project as one of std: whoever has it gives it away, and who has a reference that.
    fn as_iterator(&mut self, place: &Place, is_own: bool) -> Result<Place> {
        let over = if is_own { self.take(place)? } else { Value::Ref(place.clone()) };
        Ok(self.temp(Value::Iter(Box::new(Iter::Own(over)))))
    }

    /// Whether a value of the project is an iterator.
    pub(super) fn is_iterator(&self, place: &Place) -> Result<bool> {
        Ok(match self.get(place)? {
            Value::Data(data) => {
                let head = head_of(data.item);
                !self.model.methods_of(&head, "next").is_empty()
            }
            _ => false,
        })
    }

    pub(super) fn call_own(
        &mut self,
        own: ItemRef,
        place: (&Place, Option<&Place>),
        call: &MethodCall,
        (types, want): (&[Ty], &Ty),
    ) -> Result<Value> {
        let receiver = self.as_receiver(own, place)?;
        let at = self.at.1;
        let mut more = match self.seen(&receiver) {
            Value::Data(data) => data.types,
            _ => Vec::new(),
        };
        if let (true, Some(function)) = (types.is_empty(), self.model.function(own))
            && let Some(output) = &function.output
        {
            self.infer_wanted(&function.generics, output, want, &mut more);
        }
        self.call_written(own, Some(receiver), &call.args, (types, more), at)
    }

    /// What a method takes as `self`.
    fn as_receiver(
        &mut self,
        own: ItemRef,
        (place, owner): (&Place, Option<&Place>),
    ) -> Result<Value> {
        match self.model.function(own).and_then(|function| function.receiver.as_ref()) {
            Some(Receiver::Reference(_)) => Ok(Value::Ref(place.clone())),
            Some(Receiver::Value) => self.take(place),
            // `self: &Rc<Self>`, `self: Arc<Self>`, `self: Box<Self>`
            Some(it @ Receiver::Typed(_)) => match (owner, it.is_lent()) {
                (Some(owner), true) => Ok(Value::Ref(owner.clone())),
                (Some(owner), false) => self.take(owner),
                (None, true) => Ok(Value::Ref(place.clone())),
                (None, false) => self.take(place),
            },
            None => unknown("a function that is no method"),
        }
    }

    /// A method that a trait of the project gives to a type of std.
    pub(super) fn of_trait(&self, place: &Place, name: &str) -> Result<Option<ItemRef>> {
        let tuple = match self.get(place)? {
            Value::Tuple(parts) => format!("({})", parts.len()),
            _ => String::new(),
        };
        let paths: &[&str] = match self.get(place)? {
            Value::Tuple(_) => &[&tuple],
            Value::Many(Kind::Set(_), _) => {
                &["std::collections::HashSet", "std::collections::BTreeSet"]
            }
            Value::Bool(_) => &["bool"],
            Value::Sender(_) => &["std::sync::mpsc::Sender", "std::sync::mpsc::SyncSender"],
            Value::Receiver(_) => &["std::sync::mpsc::Receiver"],
            Value::Handle(_) => &["std::thread::JoinHandle"],
            Value::Maybe(Maybe::Some | Maybe::None, _) => &["std::option::Option"],
            Value::Maybe(..) => &["std::result::Result"],
            Value::Many(Kind::List | Kind::Open | Kind::Slice, _) => &["std::vec::Vec"],
            Value::Many(Kind::Queue, _) => {
                &["std::collections::VecDeque", "std::collections::LinkedList"]
            }
            Value::Many(Kind::Map(_), _) => {
                &["std::collections::HashMap", "std::collections::BTreeMap"]
            }
            Value::Int(_, width) if width.is_known() => width.name(),
            Value::Int(..) => &["u8", "u16", "u32", "u64", "usize", "i32", "i64"],
            Value::Float(_) => &["f64", "f32"],
            Value::Text(_) => &["str", "std::string::String"],
            Value::Cell(Cell::Lock, _) => &["std::sync::Mutex", "std::sync::RwLock"],
            _ => &[],
        };
        let found = paths
            .iter()
            .flat_map(|path| self.model.methods_of(&TyHead::External(Name::from(*path)), name));
        let krate = |module| self.model.module(module).krate;
        let here = krate(self.context()?.module);
        let (own, others): (Vec<ItemRef>, Vec<ItemRef>) =
            found.map(|it| it.item).partition(|it| krate(it.module) == here);
        // Traits of another crate that has the same for the same type are none of this one's.
        Ok(match (own.as_slice(), others.as_slice()) {
            ([only], _) | ([], [only]) => Some(*only),
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
        match self.found(place, name)? {
            Found::OfStd(place) => {
                let born = self.at;
                self.built_in(&place, name, &mut args, &Ty::Unknown, born)
            }
            Found::Own(own, place, owner) => {
                let receiver = self.as_receiver(own, (&place, owner.as_ref()))?;
                self.call_function(own, Some(receiver), args, None)
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
        let ends: Vec<Option<i128>> = args
            .iter()
            .map(|it| match self.seen(it) {
                Value::Int(number, _) => Some(number),
                _ => None,
            })
            .collect();
        if let ("max" | "min", [other]) = (name, args) {
            for side in [&receiver, &self.seen(other)] {
                let (low, high) = if name == "max" { (side, &made) } else { (&made, side) };
                self.unknown.is_at_most(low, high);
            }
        }
        match (name, ends.as_slice()) {
            ("max", [least]) => self.unknown.is_between(&made, *least, None),
            ("min", [most]) => self.unknown.is_between(&made, None, *most),
            ("clamp", [least, most]) => self.unknown.is_between(&made, *least, *most),
            _ => {}
        }
        if let ("contains", [part]) = (name, args)
            && let Value::Text(part) = self.seen(part)
        {
            self.unknown.is_whether_contains(&made, &part);
        }
        if let Some(good) = super::maybe::given_by(name) {
            self.unknown.is_maybe(&made, good);
        }
        Ok(made)
    }
}

/// Methods that numbers have, and neither texts nor collections.
const NUMBERS_OWN: &[&str] = &[
    "min",
    "max",
    "clamp",
    "pow",
    "abs",
    "abs_diff",
    "saturating_sub",
    "saturating_add",
    "saturating_mul",
    "wrapping_add",
    "wrapping_sub",
    "wrapping_mul",
    "checked_add",
    "checked_sub",
    "checked_mul",
    "checked_div",
    "rem_euclid",
    "div_ceil",
    "is_multiple_of",
    "is_power_of_two",
];

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
    "as_slice",
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
