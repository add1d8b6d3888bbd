//! The stack machine, and the opcodes that build and change objects.

use std::collections::HashMap;
use std::io::BufRead;
use std::rc::Rc;

use super::{Objects, Value, check_name};

/// Upper bound on opcodes; an encoder of a thousand tensors takes about 100,000.
pub(super) const MOST_OPCODES: usize = 300_000;

pub(super) const SHORT: &str = "holds a pickle that is cut short or damaged";

pub(super) struct Machine<'a, R> {
    pub(super) input: &'a mut R,
    objects: &'a mut Objects,
    stack: Vec<Value>,
    memo: HashMap<u64, Value>,
}

impl<'a, R: BufRead> Machine<'a, R> {
    pub(super) fn new(input: &'a mut R, objects: &'a mut Objects) -> Self {
        Machine { input, objects, stack: Vec::new(), memo: HashMap::new() }
    }

    /// Follow all opcodes, and return the value on top of the stack at the end.
    pub(super) fn run(mut self) -> Result<Value, String> {
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
}
