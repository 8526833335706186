//! What `Default` makes, and constants of which only the type is known.

use super::eval::last;
use super::machine::{Result, Run, unknown};
use super::text::text;
use super::value::{Cell, Data, Value};
use super::width::{Width, of_atomic};
use crate::facts::tree::{ItemKind, Name};
use crate::model::{ItemRef, Ty, TyHead};

impl Run<'_> {
    /// `Default::default()` of a type.
    pub(super) fn default_of(&mut self, ty: &Ty) -> Result<Value> {
        match ty {
            Ty::Tuple(parts) if parts.is_empty() => Ok(Value::Unit),
            Ty::Tuple(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.push(self.default_of(part)?);
                }
                Ok(Value::Tuple(all))
            }
            Ty::Named(TyHead::Item(..), ..) => match self.model.item_of(ty) {
                Some(item) => self.default_of_item(item),
                None => unknown("a default of a type that is not known"),
            },
            Ty::Named(TyHead::External(path), _, args) => {
                let inner = args.first().cloned().unwrap_or_default();
                Ok(match last(path) {
                    "Option" => Value::none(),
                    "Vec" | "VecDeque" | "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet"
                    | "LinkedList" | "BinaryHeap" => Self::empty(Self::kind_of(last(path))),
                    "Arc" | "Rc" => {
                        let value = self.default_of(&inner)?;
                        self.share(value)
                    }
                    "Box" => self.default_of(&inner)?,
                    "Mutex" | "RwLock" => Value::cell(Cell::Lock, self.default_of(&inner)?),
                    "RefCell" => Value::cell(Cell::Borrowed, self.default_of(&inner)?),
                    "Cell" => Value::cell(Cell::Plain, self.default_of(&inner)?),
                    "OnceLock" | "OnceCell" => Value::cell(Cell::Once, Value::none()),
                    "Weak" => Value::Weak(None),
                    "bool" => Value::Bool(false),
                    "AtomicBool" => Value::cell(Cell::Plain, Value::Bool(false)),
                    it if it.starts_with("Atomic") => {
                        Value::cell(Cell::Plain, Value::Int(0, of_atomic(it)))
                    }
                    "f64" | "f32" => Value::Float(0.0),
                    "String" | "str" => text(""),
                    width @ ("u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16"
                    | "i32" | "i64" | "i128" | "isize") => Value::Int(0, Width::known(width)),
                    _ => self.unknown.fresh(),
                })
            }
            Ty::Slice(element, crate::facts::tree::Size::Exactly(count)) if *count <= 64 => {
                let mut all = Vec::new();
                for _ in 0..*count {
                    all.push(self.default_of(element)?);
                }
                Ok(Value::list(all))
            }
            Ty::Slice(..) => Ok(self.unknown.fresh()),
            _ => unknown("a default of a type that is not known"),
        }
    }

    /// The default of a struct of the project: its own, or that of each field.
    pub(super) fn default_of_item(&mut self, item: ItemRef) -> Result<Value> {
        let head = TyHead::Item(item.file, item.item);
        if let Some(own) = self.model.methods_of(&head, "default").first().map(|it| it.item) {
            return self.call_function(own, None, Vec::new(), None);
        }
        let fields = match &self.model.item(item).kind {
            ItemKind::Struct(fields) => fields,
            ItemKind::Enum(variants) => {
                let Some(variant) = variants.iter().find(|it| it.is_default) else {
                    return unknown("a default of an enum");
                };
                return Ok(Value::Data(Box::new(Data {
                    item,
                    variant: Some(variant.name.clone()),
                    fields: Vec::new(),
                    types: self.types_of(item),
                })));
            }
            _ => return unknown("a default of something else"),
        };
        let names: Vec<Name> = fields.iter().map(|it| it.name.clone()).collect();
        let mut made = Vec::new();
        for name in names {
            let ty = self.field_type(item, None, &name);
            made.push((name, self.default_of(&ty)?));
        }
        Ok(Value::Data(Box::new(Data {
            item,
            variant: None,
            fields: made,
            types: self.types_of(item),
        })))
    }

    /// Whether it is no use to read the initialiser of a constant: it makes an empty cell, or was asked for before.
    pub(super) fn asked_for(&mut self, item: ItemRef, ty: &Ty) -> bool {
        self.is_empty_cell(ty) || self.is_last || !self.unread.insert(item)
    }

    fn is_empty_cell(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Named(TyHead::External(path), ..) => matches!(
                last(path),
                "Mutex" | "RwLock" | "OnceLock" | "OnceCell" | "RefCell" | "Vec" | "Option"
            ),
            _ => false,
        }
    }

    /// A constant of which the initialiser was not read: an empty cell, or something unknown.
    pub(super) fn constant_of(&mut self, ty: &Ty) -> Result<Value> {
        match self.is_empty_cell(ty) {
            true => self.default_of(ty),
            false => Ok(self.unknown.untold_anew()),
        }
    }

    /// A constant of a type of std, or a variant.
    pub(super) fn std_constant(&mut self, path: &str) -> Value {
        let owner = path.rsplit("::").nth(1).unwrap_or_default();
        let width = Width::known(owner);
        let ends = width.ends().filter(|_| width != Width::Time);
        match (ends, last(path)) {
            (Some((_, most)), "MAX") => Value::Int(most, width),
            (Some((least, _)), "MIN") => Value::Int(least, width),
            (Some(_), "BITS") => {
                Value::Int(i128::from(width.bits().unwrap_or(0)), Width::known("u32"))
            }
            _ if owner == "Duration" => match (last(path), Width::Time.ends()) {
                ("ZERO", Some((least, _))) => Value::Int(least, Width::Time),
                ("MAX", Some((_, most))) => Value::Int(most, Width::Time),
                _ => self.unknown.named(path),
            },
            _ if matches!(owner, "f64" | "f32") => match last(path) {
                "MAX" => Value::Float(f64::MAX),
                "MIN" => Value::Float(f64::MIN),
                "NAN" => Value::Float(f64::NAN),
                "INFINITY" => Value::Float(f64::INFINITY),
                "NEG_INFINITY" => Value::Float(f64::NEG_INFINITY),
                _ => self.unknown.named(path),
            },
            _ if owner == "char" => match last(path) {
                "MAX" => text(char::MAX.to_string()),
                "MIN" => text(char::MIN.to_string()),
                _ => self.unknown.named(path),
            },
            _ => self.unknown.named(path),
        }
    }
}
