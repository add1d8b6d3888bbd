//! The pickle inside a PyTorch file, interpreted only as a description of tensors.
//!
//! A pickle is a program for a stack machine (documented by Python's `pickletools`). Python's own interpreter calls any
//! function that the program names. This one knows a few names, calls nothing, and refuses the file at any other name.
//! The number of opcodes bounds the stack, the memo and the objects.

use std::collections::HashMap;
use std::io::{BufRead, Read};
use std::rc::Rc;

/// Upper bound on opcodes; an encoder of a thousand tensors takes about 100,000.
const MOST_OPCODES: usize = 300_000;

/// Upper bound on the length of names.
const LONGEST_TEXT_BYTES: u64 = 1 << 12;

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
        Machine { input, objects: self, stack: Vec::new(), memo: HashMap::new() }.run()
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
        self.of(value)?.iter().map(|size| number(Some(size))).collect()
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
    const ALLOWED: [&str; 7] = [
        "collections.OrderedDict",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state",
        "torch.nn.parameter.Parameter",
        "torch.Size",
    ];
    let full = format!("{module}.{name}");
    match ALLOWED.contains(&&*full) || module == "torch" && name.ends_with("Storage") {
        true => Ok(Value::Name(full.into())),
        false => Err(format!(
            "asks to call `{full}`, which does not build a tensor: the file was refused, and nothing was executed; if you trust \
             it, load it with transformers and save it with `save_pretrained`"
        )),
    }
}

struct Machine<'a, R> {
    input: &'a mut R,
    objects: &'a mut Objects,
    stack: Vec<Value>,
    memo: HashMap<u64, Value>,
}

impl<R: BufRead> Machine<'_, R> {
    fn run(mut self) -> Result<Value, String> {
        loop {
            self.objects.opcodes += 1;
            if self.objects.opcodes > MOST_OPCODES {
                return Err("describes more than a model's tensors".to_owned());
            }
            match self.little_endian(1)? as u8 {
                b'.' => return self.pop(),
                opcode => self.step(opcode)?,
            }
        }
    }

    fn step(&mut self, opcode: u8) -> Result<(), String> {
        let made = match opcode {
            b'0' | b'1' | b'2' | b'a' | b'e' | b's' | b'u' | b'b' | 0x90 => return self.stack_only(opcode),
            b'p' | b'q' | b'r' | 0x94 => return self.memoize(opcode),
            0x80 => return self.skip(1),
            0x95 => return self.skip(8),
            b'(' => Value::Mark,
            b'}' => self.objects.new_dict(),
            b']' | b')' | 0x8f => self.objects.new_items(Vec::new()),
            b't' | b'l' => {
                let items = self.pop_to_mark()?;
                self.objects.new_items(items)
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                let dict = self.objects.new_dict();
                self.insert(&dict, items);
                dict
            }
            0x85..=0x87 => {
                let from = self.stack.len().checked_sub(usize::from(opcode - 0x84)).ok_or(SHORT)?;
                let items = self.stack.split_off(from);
                self.objects.new_items(items)
            }
            b'c' => check_name(&self.line()?, &self.line()?)?,
            0x93 => {
                let (name, module) = (self.text()?, self.text()?);
                check_name(&module, &name)?
            }
            b'i' => {
                check_name(&self.line()?, &self.line()?)?;
                self.pop_to_mark()?;
                Value::Other
            }
            b'o' => {
                self.pop_to_mark()?;
                Value::Other
            }
            b'R' | 0x81 | 0x92 => self.reduce(opcode)?,
            b'Q' => {
                let id = self.pop()?;
                self.objects.storage(&id)?
            }
            b'g' | b'h' | b'j' => self.recall(opcode)?,
            _ => self.literal(opcode)?,
        };
        self.stack.push(made);
        Ok(())
    }

    /// Opcodes that change existing objects.
    fn stack_only(&mut self, opcode: u8) -> Result<(), String> {
        match opcode {
            b'0' | b'b' => drop(self.pop()?), // BUILD: attributes of a dictionary, such as `_metadata`
            b'1' => drop(self.pop_to_mark()?),
            b'2' => self.stack.push(self.stack.last().cloned().ok_or(SHORT)?),
            _ => {
                let items = match opcode {
                    b'a' => vec![self.pop()?],
                    b's' => {
                        let value = self.pop()?;
                        vec![self.pop()?, value]
                    }
                    _ => self.pop_to_mark()?,
                };
                let container = self.stack.last().cloned().ok_or(SHORT)?;
                self.insert(&container, items);
            }
        }
        Ok(())
    }

    fn insert(&mut self, container: &Value, items: Vec<Value>) {
        match container {
            Value::Items(index) => self.objects.items[*index].extend(items),
            Value::Dict(index) => {
                let pairs = items.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
                self.objects.dicts[*index].extend(pairs);
            }
            _ => {}
        }
    }

    fn memoize(&mut self, opcode: u8) -> Result<(), String> {
        let index = match opcode {
            b'p' => self.line()?.parse().map_err(|_| "has a memo without a number")?,
            b'q' => self.little_endian(1)?,
            b'r' => self.little_endian(4)?,
            _ => self.memo.len() as u64,
        };
        let top = self.stack.last().cloned().ok_or(SHORT)?;
        self.memo.insert(index, top);
        Ok(())
    }

    fn recall(&mut self, opcode: u8) -> Result<Value, String> {
        let index = match opcode {
            b'g' => self.line()?.parse().map_err(|_| "has a memo without a number")?,
            b'h' => self.little_endian(1)?,
            _ => self.little_endian(4)?,
        };
        self.memo.get(&index).cloned().ok_or_else(|| "reads a memo that was never written".to_owned())
    }

    fn reduce(&mut self, opcode: u8) -> Result<Value, String> {
        if opcode == 0x92 {
            self.pop()?; // keyword arguments
        }
        let (arguments, callable) = (self.pop()?, self.pop()?);
        match callable {
            Value::Name(name) => self.objects.call(&name, &arguments),
            _ => Ok(Value::Other),
        }
    }

    fn literal(&mut self, opcode: u8) -> Result<Value, String> {
        match opcode {
            b'N' => Ok(Value::Other),
            0x88 | 0x89 => Ok(Value::Bool(opcode == 0x88)),
            b'K' => self.little_endian(1).map(|number| Value::Int(number as i64)),
            b'M' => self.little_endian(2).map(|number| Value::Int(number as i64)),
            b'J' => self.little_endian(4).map(|number| Value::Int(i64::from(number as u32 as i32))),
            0x8a => self.long(),
            b'I' | b'L' => {
                let line = self.line()?;
                Ok(line.trim_end_matches('L').parse().map_or(Value::Other, Value::Int))
            }
            b'F' => self.line().map(|_| Value::Other),
            b'G' => self.skip(8).map(|()| Value::Other),
            b'S' | b'V' => self.line().map(|line| Value::Text(line.trim_matches(['\'', '"']).into())),
            b'U' | 0x8c => self.string(1),
            b'T' | b'X' => self.string(4),
            0x8d => self.string(8),
            b'C' | b'B' | 0x8b | 0x8e | 0x96 => {
                let width = if opcode == b'C' {
                    1
                } else if opcode < 0x8e {
                    4
                } else {
                    8
                };
                let length = self.little_endian(width)?;
                self.skip(length).map(|()| Value::Other)
            }
            0x82..=0x84 => Err("asks to call a function by its number (opcode EXT): the file was refused".to_owned()),
            _ => Err(format!("is not a model's pickle: unexpected opcode {opcode:#04x}")),
        }
    }

    /// A little-endian two's complement number; more than 8 bytes cannot describe a size.
    fn long(&mut self) -> Result<Value, String> {
        let length = self.little_endian(1)?;
        if length > 8 {
            return self.skip(length).map(|()| Value::Other);
        }
        let number = self.little_endian(length as usize)?;
        let unused = 64 - 8 * length as u32;
        Ok(Value::Int(if length == 0 { 0 } else { ((number << unused) as i64) >> unused }))
    }

    fn string(&mut self, width: usize) -> Result<Value, String> {
        let length = self.little_endian(width)?;
        let mut bytes = Vec::new();
        self.input.by_ref().take(length.min(LONGEST_TEXT_BYTES)).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        self.skip(length - bytes.len() as u64)?;
        Ok(Value::Text(String::from_utf8_lossy(&bytes).into()))
    }

    fn text(&mut self) -> Result<Rc<str>, String> {
        match self.pop()? {
            Value::Text(text) => Ok(text),
            _ => Err("asks to call something that it does not name".to_owned()),
        }
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack.pop().ok_or_else(|| SHORT.to_owned())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.stack.iter().rposition(|value| matches!(value, Value::Mark)).ok_or(SHORT)?;
        let items = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(items)
    }

    fn little_endian(&mut self, width: usize) -> Result<u64, String> {
        let mut bytes = [0; 8];
        self.input.read_exact(&mut bytes[..width]).map_err(|_| SHORT)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn line(&mut self) -> Result<String, String> {
        let mut bytes = Vec::new();
        self.input.by_ref().take(LONGEST_TEXT_BYTES).read_until(b'\n', &mut bytes).map_err(|e| e.to_string())?;
        Ok(String::from_utf8_lossy(bytes.strip_suffix(b"\n").unwrap_or(&bytes)).into_owned())
    }

    fn skip(&mut self, length: u64) -> Result<(), String> {
        let skipped = std::io::copy(&mut self.input.by_ref().take(length), &mut std::io::sink());
        if skipped.map_err(|e| e.to_string())? == length { Ok(()) } else { Err(SHORT.to_owned()) }
    }
}

const SHORT: &str = "holds a pickle that is cut short or damaged";

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
        assert!(message(&vec![b'N'; MOST_OPCODES + 1]).contains("more than a model's"));
        let nested: Vec<u8> = [b")".to_vec(), vec![0x85; MOST_OPCODES - 2], b".".to_vec()].concat();
        assert_eq!(message(&nested), "", "depth costs no memory of the thread");
    }
}
