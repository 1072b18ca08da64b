//! Values as Python prints them: dictionaries in the metadata of ONNX files, and transforms.

/// Levels of nesting.
const MAX_DEPTH: usize = 32;
/// Values of a text.
const MAX_VALUES: usize = 200_000;

/// A value as `repr` has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    None,
    Bool(bool),
    Number(f64),
    Text(String),
    /// A word, with dots: `InterpolationMode.BILINEAR`.
    Word(String),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Call(Call),
}

/// `Name(1, key=2)`; arguments are apart by commas or by spaces.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) positional: Vec<Literal>,
    pub(super) named: Vec<(String, Literal)>,
}

impl Call {
    /// An argument by its name, or by its place where it has none.
    pub(super) fn argument(&self, name: &str, place: usize) -> Option<&Literal> {
        let named = self.named.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        named.or_else(|| self.positional.get(place)).filter(|value| **value != Literal::None)
    }
}

impl Literal {
    /// The one value that a text is.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { text, at: 0, values: 0 };
        let value = reader.value(0)?;
        reader.skip();
        (reader.at == text.len()).then_some(value)
    }

    pub(super) const fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A whole number from 1 to 65,535.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and in range"
    )]
    pub(super) fn side(&self) -> Option<u32> {
        let number = self.number()?;
        ((1.0..=65_535.0).contains(&number) && number.fract() == 0.0).then_some(number as u32)
    }

    /// A list of numbers; one number is a list of one.
    pub(super) fn numbers(&self) -> Option<Vec<f64>> {
        match self {
            Self::Number(number) => Some(vec![*number]),
            Self::List(list) => list.iter().map(Self::number).collect(),
            Self::Call(call) if call.name == "tensor" => call.positional.first()?.numbers(),
            _ => None,
        }
    }

    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) | Self::Text(word) => Some(word),
            _ => None,
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    values: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn skip(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Spaces and commas between values.
    fn separator(&mut self) {
        self.skip();
        while self.eat(',') {
            self.skip();
        }
    }

    fn take(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = rest.find(|c| !fits(c)).map_or(rest, |end| &rest[..end]);
        self.at += taken.len();
        taken
    }

    fn value(&mut self, depth: usize) -> Option<Literal> {
        self.values += 1;
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return None;
        }
        self.skip();
        match self.peek()? {
            '[' => self.list('[', ']', depth),
            '(' => self.list('(', ')', depth),
            '{' => self.map(depth),
            quote @ ('\'' | '"') => self.text(quote).map(Literal::Text),
            '<' => self.angled(),
            '-' | '+' | '.' | '0'..='9' => self.number(),
            _ => self.word(depth),
        }
    }

    fn list(&mut self, start: char, end: char, depth: usize) -> Option<Literal> {
        self.eat(start);
        let mut list = Vec::new();
        loop {
            self.separator();
            if self.eat(end) {
                return Some(Literal::List(list));
            }
            list.push(self.value(depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Option<Literal> {
        self.eat('{');
        let mut map = Vec::new();
        loop {
            self.separator();
            if self.eat('}') {
                return Some(Literal::Map(map));
            }
            let key = self.value(depth + 1)?;
            self.skip();
            if !self.eat(':') {
                return None;
            }
            map.push((key, self.value(depth + 1)?));
        }
    }

    fn text(&mut self, quote: char) -> Option<String> {
        self.eat(quote);
        let mut text = String::new();
        let mut letters = self.rest().char_indices();
        while let Some((index, letter)) = letters.next() {
            match letter {
                '\\' => text.push(match letters.next()?.1 {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                }),
                _ if letter == quote => {
                    self.at += index + letter.len_utf8();
                    return Some(text);
                }
                _ => text.push(letter),
            }
        }
        None
    }

    /// `<InterpolationMode.BILINEAR: 'bilinear'>` is its name.
    fn angled(&mut self) -> Option<Literal> {
        self.eat('<');
        let inside = self.take(|c| c != '>');
        self.eat('>')
            .then(|| Literal::Word(inside.split(':').next().unwrap_or_default().trim().to_owned()))
    }

    fn number(&mut self) -> Option<Literal> {
        let number: f64 =
            self.take(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)).parse().ok()?;
        number.is_finite().then_some(Literal::Number(number))
    }

    fn word(&mut self, depth: usize) -> Option<Literal> {
        let word = self.take(|c| c.is_alphanumeric() || "_.".contains(c));
        match word {
            "" => return None,
            "None" => return Some(Literal::None),
            "True" => return Some(Literal::Bool(true)),
            "False" => return Some(Literal::Bool(false)),
            _ => {}
        }
        if !self.eat('(') {
            return Some(Literal::Word(word.to_owned()));
        }
        let mut call = Call { name: word.to_owned(), ..Call::default() };
        loop {
            self.separator();
            if self.eat(')') {
                return Some(Literal::Call(call));
            }
            let value = self.value(depth + 1)?;
            if self.eat(':') {
                continue; // `(0): Resize(…)` of a module: the number says nothing
            }
            match value {
                Literal::Word(key) if self.eat('=') => {
                    let value = self.value(depth + 1)?;
                    call.named.push((key, value));
                }
                value => call.positional.push(value),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        let map = Literal::parse("{0: 'per\\'son', 1: \"b\"}");
        let text = |text: &str| Literal::Text(text.to_owned());
        let expected =
            vec![(Literal::Number(0.0), text("per'son")), (Literal::Number(1.0), text("b"))];
        assert_eq!(map, Some(Literal::Map(expected)));
        let call = Literal::parse(
            "Resize(size=[256], interpolation=InterpolationMode.BILINEAR, max_size=None)",
        );
        let Some(Literal::Call(call)) = call else { panic!("a call") };
        assert_eq!(call.argument("size", 0).and_then(Literal::numbers), Some(vec![256.0]));
        assert_eq!(
            call.argument("interpolation", 1).and_then(Literal::word),
            Some("InterpolationMode.BILINEAR")
        );
        assert_eq!(call.argument("max_size", 2), None);
    }

    #[test]
    fn modules_print_without_commas() {
        let text = "Compose(\n    Resize(size=256)\n    (1): ToTensor()\n)";
        let Some(Literal::Call(call)) = Literal::parse(text) else { panic!("a call") };
        assert_eq!(call.positional.len(), 2);
    }

    #[test]
    fn hostile_texts_are_nothing() {
        for text in ["", "(", "{1}", "'a", "f(", "f(a=", "[1,,", "1e999", "a b", "{'a' 1}"] {
            assert_eq!(Literal::parse(text), None, "{text}");
        }
        assert_eq!(Literal::parse(&"[".repeat(100_000)), None);
        assert_eq!(Literal::parse(&"f(".repeat(100_000)), None);
    }
}
