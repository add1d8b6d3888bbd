//! The pickle inside a PyTorch file, interpreted only as a description of tensors.
//!
//! A pickle is a program for a stack machine (documented by Python's `pickletools`). Python's own interpreter calls any
//! function that the program names. This one knows a few names, calls nothing, and refuses the file at any other name.
//! The number of opcodes bounds the stack, the memo and the objects.

mod literals;
mod machine;

use std::io::BufRead;
use std::rc::Rc;

use machine::Machine;

/// Upper bound on the axes of a tensor, which is PyTorch's own.
const MOST_AXES: usize = 64;

/// A value on the stack; containers are stored separately, so that values never nest in memory.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Int(i64),
    Bool(bool),
    Text(Rc<str>),
    /// A function that the file would call, or the type of a storage.
    Name(Rc<str>),
    /// A tuple or a list.
    Items(usize),
    Dict(usize),
    Storage(usize),
    Tensor(usize),
    /// A value that does not describe a tensor.
    Other,
    Mark,
}

/// A range of numbers in the file.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    /// Their type in PyTorch, such as `FloatStorage`.
    pub(crate) kind: Rc<str>,
    pub(crate) key: Rc<str>,
    pub(crate) count: usize,
}

/// A view of a storage.
#[derive(Debug, Clone)]
pub(crate) struct TensorView {
    pub(crate) storage: usize,
    pub(crate) offset: usize,
    pub(crate) shape: Vec<usize>,
    pub(crate) stride: Vec<usize>,
}

/// The objects in one or more pickles of a file.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    pub(crate) items: Vec<Vec<Value>>,
    pub(crate) dicts: Vec<Vec<(Value, Value)>>,
    pub(crate) storages: Vec<Storage>,
    pub(crate) tensors: Vec<TensorView>,
    opcodes: usize,
}

impl Objects {
    /// Interpret one pickle up to its end, and return its result.
    ///
    /// # Errors
    /// The pickle calls a function that does not build a tensor, is cut short, or exceeds the bounds.
    pub(crate) fn read(&mut self, input: &mut impl BufRead) -> Result<Value, String> {
        Machine::new(input, self).run()
    }

    /// The value of a string key in a dictionary.
    pub(crate) fn get(&self, dict: &Value, key: &str) -> Option<&Value> {
        let Value::Dict(index) = dict else { return None };
        let is_key = |(name, _): &&(Value, Value)| matches!(name, Value::Text(name) if **name == *key);
        self.dicts[*index].iter().rev().find(is_key).map(|(_, value)| value)
    }

    fn of(&self, value: Option<&Value>) -> Result<&[Value], String> {
        match value {
            Some(Value::Items(index)) => Ok(&self.items[*index]),
            _ => Err("lacks a tuple where one is expected".to_owned()),
        }
    }

    fn sizes(&self, value: Option<&Value>) -> Result<Vec<usize>, String> {
        let sizes = self.of(value)?;
        if sizes.len() > MOST_AXES {
            return Err(format!("has a tensor of {} axes", sizes.len()));
        }
        sizes.iter().map(|size| number(Some(size))).collect()
    }

    fn new_items(&mut self, items: Vec<Value>) -> Value {
        self.items.push(items);
        Value::Items(self.items.len() - 1)
    }

    fn new_dict(&mut self) -> Value {
        self.dicts.push(Vec::new());
        Value::Dict(self.dicts.len() - 1)
    }

    /// The result of calling `name` with `arguments`.
    fn call(&mut self, name: &str, arguments: &Value) -> Result<Value, String> {
        match name {
            "collections.OrderedDict" => Ok(self.new_dict()),
            "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state" => {
                Ok(self.of(Some(arguments))?.first().cloned().unwrap_or(Value::Other))
            }
            "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2" => self.tensor(arguments),
            _ => Ok(Value::Other),
        }
    }

    /// `(storage, offset, shape, stride, …)`
    fn tensor(&mut self, arguments: &Value) -> Result<Value, String> {
        let arguments = self.of(Some(arguments))?;
        let Some(Value::Storage(storage)) = arguments.first() else {
            return Err("has a tensor without a storage".to_owned());
        };
        let (storage, offset) = (*storage, number(arguments.get(1))?);
        let (shape, stride) = (self.sizes(arguments.get(2))?, self.sizes(arguments.get(3))?);
        self.tensors.push(TensorView { storage, offset, shape, stride });
        Ok(Value::Tensor(self.tensors.len() - 1))
    }

    /// `('storage', type, key, location, count[, view])`
    fn storage(&mut self, id: &Value) -> Result<Value, String> {
        let id = self.of(Some(id))?;
        match id {
            [Value::Text(tag), Value::Name(kind), key, _, count, rest @ ..] if &**tag == "storage" => {
                if rest.iter().any(|view| matches!(view, Value::Items(_))) {
                    return Err("has views of storages, as PyTorch before 0.4 wrote them".to_owned());
                }
                let key: Rc<str> = match key {
                    Value::Text(key) => key.clone(),
                    other => number(Some(other))?.to_string().into(),
                };
                let kind = kind.rsplit('.').next().unwrap_or_default().into();
                self.storages.push(Storage { kind, key, count: number(Some(count))? });
                Ok(Value::Storage(self.storages.len() - 1))
            }
            _ => Err("has a storage that is not described as PyTorch does".to_owned()),
        }
    }
}

pub(crate) fn number(value: Option<&Value>) -> Result<usize, String> {
    match value {
        Some(Value::Int(number)) => usize::try_from(*number).map_err(|_| format!("has the size {number}")),
        _ => Err("lacks a number where one is expected".to_owned()),
    }
}

/// Refuse calls that do not build a tensor.
fn check_name(module: &str, name: &str) -> Result<Value, String> {
    const ALLOWED: [&str; 8] = [
        "collections.OrderedDict",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state",
        "torch.nn.parameter.Parameter",
        "torch.Size",
        "torch.device",
    ];
    // Beside the tensors, a checkpoint may name a type of numbers.
    const TYPES: [&str; 9] = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8"];
    let full = format!("{module}.{name}");
    match ALLOWED.contains(&&*full) || module == "torch" && (name.ends_with("Storage") || TYPES.contains(&name)) {
        true => Ok(Value::Name(full.into())),
        false => Err(format!(
            "asks to call `{full}`, which does not build a tensor: the file was refused, and nothing was executed; if you trust \
             it, load it with transformers and save it with `save_pretrained`"
        )),
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        Objects::default().read(&mut &*bytes).err().unwrap_or_default()
    }

    #[test]
    fn a_call_is_refused_by_name_in_every_encoding() {
        assert!(message(b"cos\nsystem\n(S'id'\ntR.").contains("`os.system`"));
        assert!(message(b"cposix\nsystem\n(X\x02\0\0\0idtR0}.").contains("`posix.system`"), "dropped again");
        assert!(message(b"(S'id'\nios\nsystem\n.").contains("`os.system`"));
        assert!(message(b"\x80\x04\x8c\x08builtins\x94\x8c\x04eval\x93.").contains("`builtins.eval`"));
        assert!(message(b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x8c\x01xh\0h\x01\x93.").contains("`os.system`"));
        assert!(message(b"\x80\x02\x82\x01.").contains("by its number"));
    }

    #[test]
    fn a_damaged_or_too_long_pickle_is_refused() {
        assert_eq!(message(b"\x80\x02ccollections\nOrderedDict\nq\0)Rq\x01."), "");
        for bytes in [&b"\x80\x02X\xff\0\0\0abc"[..], b"t.", b"h\x05.", b"\xff.", b"", b"Q.", b"R.", b"\x85."] {
            assert!(!message(bytes).is_empty(), "{bytes:?}");
        }
        assert!(message(&vec![b'N'; machine::MOST_OPCODES + 1]).contains("more than a model's"));
        let nested: Vec<u8> = [b")".to_vec(), vec![0x85; machine::MOST_OPCODES - 2], b".".to_vec()].concat();
        assert_eq!(message(&nested), "", "depth costs no memory of the thread");
    }
}
