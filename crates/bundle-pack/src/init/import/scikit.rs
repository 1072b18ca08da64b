//! Fitted transformers of scikit-learn, their attributes saved as JSON:
//! `{"mean_": […], "scale_": […], "feature_names_in_": […]}`.

use bundle_manifest::{
    ArtifactPath, InputKind,
    toml_text::{key, number, numbers, quote, quote_all},
};
use serde_json::Value as Json;

use super::{
    ImportedInput, Imports, Line, MAX_CONFIG, MAX_FITTED, Project,
    fields::{Fields, finite},
};

/// Words of file names that may hold fitted transformers.
const WORDS: [&str; 8] = [
    "scaler",
    "encoder",
    "imputer",
    "preprocess",
    "standard",
    "minmax",
    "transformer",
    "normalizer",
];
/// Columns that are written down.
const MAX_COLUMNS: usize = 4096;

/// What is known of the table so far.
#[derive(Default)]
struct Table {
    /// Names in order, with the categories of those that have some.
    columns: Vec<(String, Option<Vec<String>>)>,
    impute: Vec<Line>,
    scale: Vec<Line>,
    encode: Vec<Line>,
    sources: Vec<String>,
    unnamed: bool,
}

/// Reads every file of fitted attributes.
pub(super) fn of_project(project: &Project<'_>, imports: &mut Imports) {
    let named = project.paths.iter().filter(|path| is_candidate(path));
    let mut table = Table::default();
    for path in named.take(MAX_FITTED) {
        let mut notes = Vec::new();
        let Some(json) = project.parse(path, MAX_CONFIG, &mut notes) else {
            imports.notes.append(&mut notes);
            continue;
        };
        let Some(fields) = Fields::of(path.as_str(), &json, &mut notes) else { continue };
        table.read(&fields, &json);
        imports.notes.extend(fields.take_notes());
    }
    if !table.columns.is_empty() {
        imports.inputs.push(table.finish());
    }
}

fn is_candidate(path: &ArtifactPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    // Those belong to libraries that have a reader of their own.
    let taken = ["preprocessor_config.json", "tokenizer.json"].contains(&name.as_str());
    !taken
        && name.rsplit_once('.').is_some_and(|(_, suffix)| suffix == "json")
        && WORDS.iter().any(|word| name.contains(word))
}

impl Table {
    /// One transformer, or an object of several.
    fn read(&mut self, fields: &Fields<'_>, json: &Json) {
        if self.fitted(fields) {
            self.sources.push(fields.file().to_owned());
            return;
        }
        let nested: Vec<_> = json.as_object().into_iter().flatten().take(MAX_FITTED).collect();
        let mut found = false;
        for (name, value) in nested {
            if value.is_object()
                && let Some(inner) = fields.object(name)
            {
                found |= self.fitted(&inner);
                for note in inner.take_notes() {
                    fields.note(note);
                }
            }
        }
        if found {
            self.sources.push(fields.file().to_owned());
        }
    }

    /// Whether the object is a fitted transformer that is known.
    fn fitted(&mut self, fields: &Fields<'_>) -> bool {
        if fields.has("categories_") {
            self.encoder(fields)
        } else if fields.has("statistics_") {
            self.imputer(fields)
        } else if fields.has("scale_") && (fields.has("data_min_") || fields.has("min_")) {
            self.min_max(fields)
        } else if fields.has("scale_") || fields.has("mean_") {
            self.standard(fields)
        } else {
            false
        }
    }

    /// `feature_names_in_`, or names that are made up.
    fn names(&mut self, fields: &Fields<'_>, count: usize) -> Option<Vec<String>> {
        let file = fields.file();
        if count == 0 || count > MAX_COLUMNS {
            fields.note(format!("`{file}`: {count} columns; it was not used"));
            return None;
        }
        match fields.texts("feature_names_in_").or_else(|| fields.texts("feature_names")) {
            Some(names) if names.len() == count => Some(names),
            Some(names) => {
                let found = names.len();
                fields
                    .note(format!("`{file}`: {found} names for {count} columns; it was not used"));
                None
            }
            None => {
                self.unnamed = true;
                Some((0..count).map(|index| format!("x{index}")).collect())
            }
        }
    }

    fn number_columns(&mut self, names: &[String]) {
        for name in names {
            if !self.columns.iter().any(|(known, _)| known == name) {
                self.columns.push((name.clone(), None));
            }
        }
    }

    fn standard(&mut self, fields: &Fields<'_>) -> bool {
        let scale = fields.numbers("scale_");
        let mean = fields.numbers("mean_");
        let count = scale.as_ref().or(mean.as_ref()).map_or(0, Vec::len);
        let Some(names) = self.names(fields, count) else { return false };
        let scale = scale.unwrap_or_else(|| vec![1.0; count]);
        let mean = mean.unwrap_or_else(|| vec![0.0; count]);
        if scale.len() != mean.len() || scale.contains(&0.0) {
            fields.note(format!(
                "`{}`: `mean_` and `scale_` do not fit; it was not used",
                fields.file()
            ));
            return false;
        }
        self.number_columns(&names);
        self.scale.push(Line::read(format!(
            "{{ op = \"standard_scale\", columns = {}, mean = {}, scale = {} }}",
            quote_all(&names),
            numbers(&mean),
            numbers(&scale)
        )));
        true
    }

    fn min_max(&mut self, fields: &Fields<'_>) -> bool {
        let Some(scale) = fields.numbers("scale_") else { return false };
        let low =
            fields.numbers("feature_range").and_then(|range| range.first().copied()).unwrap_or(0.0);
        // `min_` is `feature_range[0] - data_min_ * scale_`.
        let min = fields.numbers("min_").or_else(|| {
            let data = fields.numbers("data_min_")?;
            Some(data.iter().zip(&scale).map(|(min, scale)| low - min * scale).collect())
        });
        let Some(min) = min.filter(|min| min.len() == scale.len()) else {
            fields.note(format!(
                "`{}`: `min_` and `scale_` do not fit; it was not used",
                fields.file()
            ));
            return false;
        };
        let Some(names) = self.names(fields, scale.len()) else { return false };
        self.number_columns(&names);
        let clip = fields.bool("clip") == Some(true);
        let range = fields.numbers("feature_range").filter(|range| range.len() == 2);
        let clip = if clip {
            format!(", clip = {}", numbers(&range.unwrap_or_else(|| vec![0.0, 1.0])))
        } else {
            String::new()
        };
        self.scale.push(Line::read(format!(
            "{{ op = \"min_max_scale\", columns = {}, scale = {}, min = {}{clip} }}",
            quote_all(&names),
            numbers(&scale),
            numbers(&min)
        )));
        true
    }

    fn imputer(&mut self, fields: &Fields<'_>) -> bool {
        let Some(list) = fields.list("statistics_") else { return false };
        let Some(names) = self.names(fields, list.len()) else { return false };
        let mut cells = Vec::new();
        for (name, value) in names.iter().zip(list) {
            let cell = match value {
                Json::String(text) => quote(text),
                other => match finite(other) {
                    Some(value) => number(value),
                    None => continue, // a column that was all missing is dropped
                },
            };
            cells.push(format!("{} = {cell}", key(name)));
            let categorical = value.is_string();
            if !self.columns.iter().any(|(known, _)| known == name) && !categorical {
                self.columns.push((name.clone(), None));
            }
        }
        self.impute.push(Line::read(format!(
            "{{ op = \"impute\", values = {{ {} }} }}",
            cells.join(", ")
        )));
        true
    }

    fn encoder(&mut self, fields: &Fields<'_>) -> bool {
        let Some(list) = fields.list("categories_") else { return false };
        let text = |value: &Json| match value {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            Json::Bool(value) => Some(if *value { "True" } else { "False" }.to_owned()),
            _ => None,
        };
        let categories: Option<Vec<Vec<String>>> = list
            .iter()
            .map(|column| column.as_array()?.iter().map(text).collect::<Option<Vec<_>>>())
            .collect();
        let Some(categories) = categories.filter(|lists| lists.iter().all(|list| !list.is_empty()))
        else {
            fields.note(format!(
                "`{}`: `categories_` is no list of lists of categories",
                fields.file()
            ));
            return false;
        };
        let Some(names) = self.names(fields, categories.len()) else { return false };
        let ordinal = fields.file().to_ascii_lowercase().contains("ordinal")
            || fields.has("unknown_value")
            || fields.text("type").is_some_and(|word| word.contains("Ordinal"));
        for (name, categories) in names.iter().zip(categories) {
            self.encode.push(encode(fields, name, &categories, ordinal));
            self.columns.retain(|(known, _)| known != name);
            self.columns.push((name.clone(), Some(categories)));
        }
        if fields.has("drop_idx_") || fields.has("drop") {
            fields.note(format!(
                "`{}`: `drop` leaves columns out, which no step does",
                fields.file()
            ));
        }
        true
    }

    fn finish(self) -> ImportedInput {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|(name, categories)| {
                let name = quote(name);
                match categories {
                    Some(list) => {
                        format!(
                            "{{ name = {name}, kind = \"category\", categories = {} }}",
                            quote_all(list)
                        )
                    }
                    None => format!("{{ name = {name}, kind = \"number\" }}"),
                }
            })
            .collect();
        let order = "the order is that of the files; the network's is in the code that trained it";
        let mut why = vec![order.to_owned()];
        if self.unnamed {
            why.push("no `feature_names_in_`: the names are made up".to_owned());
        }
        let text = format!("{{ op = \"columns\", columns = [{}] }}", columns.join(", "));
        let mut steps = vec![Line::doubted(text, &why)];
        steps.extend(self.impute);
        steps.extend(self.scale);
        steps.extend(self.encode);
        let why = "networks take float32 unless told otherwise";
        steps.push(Line::guess("{ op = \"column_concat\", dtype = \"float32\" }", why));
        let source = self.sources.join(", ");
        ImportedInput { source, kind: InputKind::Table, tensor: None, steps }
    }
}

fn encode(fields: &Fields<'_>, name: &str, categories: &[String], ordinal: bool) -> Line {
    let (name, categories) = (quote(name), quote_all(categories));
    if ordinal {
        let unknown = fields.number("unknown_value");
        let unknown =
            unknown.map(|value| format!(", unknown_value = {}", number(value))).unwrap_or_default();
        return Line::guess(
            format!(
                "{{ op = \"ordinal_encode\", column = {name}, categories = {categories}{unknown} }}"
            ),
            "an OrdinalEncoder, by the file's name or keys",
        );
    }
    let (rule, why) = match fields.text("handle_unknown").as_deref() {
        Some("ignore") => ("ignore", None),
        Some(_) => ("error", None),
        None => ("error", Some("a OneHotEncoder, with the default of `handle_unknown`".to_owned())),
    };
    let text = format!(
        "{{ op = \"one_hot\", column = {name}, categories = {categories}, unknown = \"{rule}\" }}"
    );
    Line { text, guess: why }
}
