//! `preprocessor_config.json` of a feature extractor of transformers, for sound.
//!
//! The file has rates and lengths. The window, the mel scale, the floor of the logarithm are
//! in the code of the class, release 5.23: one recipe per class.

use bundle_manifest::{InputKind, toml_text::number};

use super::{ImportedInput, Line, fields::Fields, nearest, short};

/// Classes with a recipe, or with a reason why there is none.
const CLASSES: [(&str, Recipe); 10] = [
    ("ASTFeatureExtractor", Recipe::Steps(spectrogram_transformer)),
    ("ClapFeatureExtractor", Recipe::Steps(clap)),
    ("EncodecFeatureExtractor", Recipe::Steps(waveform)),
    ("SeamlessM4TFeatureExtractor", Recipe::Beyond(SEAMLESS)),
    (
        "Speech2TextFeatureExtractor",
        Recipe::Beyond("it scales samples by 32768 and normalises each mel by itself"),
    ),
    ("SpeechT5FeatureExtractor", Recipe::Steps(wav2vec2)),
    ("Wav2Vec2BertFeatureExtractor", Recipe::Beyond(SEAMLESS)),
    ("Wav2Vec2FeatureExtractor", Recipe::Steps(wav2vec2)),
    ("WhisperFeatureExtractor", Recipe::Steps(whisper)),
    ("WhisperProcessor", Recipe::Steps(whisper)),
];
const SEAMLESS: &str =
    "it scales samples by 32768, normalises each mel by itself and stacks two frames";

#[derive(Clone, Copy)]
enum Recipe {
    Steps(fn(&Fields<'_>) -> Vec<Line>),
    Beyond(&'static str),
}

/// Whether a class name is one of sound.
pub(super) fn is_known(word: &str) -> bool {
    CLASSES.iter().any(|(name, _)| *name == word)
}

/// The steps of a feature extractor; `None` with a note where there is no recipe.
pub(super) fn import(fields: &Fields<'_>) -> Option<ImportedInput> {
    let file = fields.file();
    let words = ["feature_extractor_type", "processor_class"];
    let word = words.iter().find_map(|key| fields.text(key)).map(|word| short(&word));
    let Some(word) = word else {
        fields.note(format!(
            "`{file}` names no feature extractor, so its steps are unknown; it was not used"
        ));
        return None;
    };
    match CLASSES.iter().find(|(name, _)| *name == word) {
        Some((_, Recipe::Steps(recipe))) => {
            let steps = recipe(fields);
            let source = format!("{file} ({word})");
            Some(ImportedInput { source, kind: InputKind::Audio, tensor: None, steps })
        }
        Some((_, Recipe::Beyond(why))) => {
            fields.note(format!("`{file}`: {word} cannot be written as steps: {why}"));
            None
        }
        None => {
            let known = nearest(&word, CLASSES.iter().map(|(name, _)| *name));
            let hint =
                known.map(|name| format!("; the nearest known is {name}")).unwrap_or_default();
            fields.note(format!("`{file}`: the feature extractor `{word}` is not known{hint}"));
            None
        }
    }
}

/// A value of the file, else the class's default with a reason.
struct Values<'a> {
    fields: &'a Fields<'a>,
    defaults: Vec<String>,
}

impl<'a> Values<'a> {
    const fn of(fields: &'a Fields<'a>) -> Self {
        Self { fields, defaults: Vec::new() }
    }

    fn defaulted<T>(&mut self, key: &str, value: Option<T>, otherwise: T) -> T {
        value.unwrap_or_else(|| {
            self.defaults.push(format!("the class's default of `{key}`"));
            otherwise
        })
    }

    fn length(&mut self, key: &str, otherwise: u32) -> u32 {
        self.defaulted(key, self.fields.length(key), otherwise)
    }

    fn number(&mut self, key: &str, otherwise: f64) -> f64 {
        self.defaulted(key, self.fields.number(key), otherwise)
    }

    fn text(&mut self, key: &str, otherwise: &str) -> String {
        self.defaulted(key, self.fields.text(key), otherwise.to_owned())
    }

    /// The step, marked with the defaults since the last one.
    fn line(&mut self, text: String) -> Line {
        let defaults = std::mem::take(&mut self.defaults);
        Line::doubted(text, &defaults)
    }

    /// The step, which is the class's code.
    fn code(&mut self, text: String, what: &str) -> Line {
        self.defaults.push(what.to_owned());
        self.line(text)
    }
}

/// Decoding and the sampling rate.
fn start(values: &mut Values<'_>, rate: u32) -> Vec<Line> {
    let sampling_rate = values.length("sampling_rate", rate);
    let why = "the class takes one channel at its rate; `librosa.load` gives the mean";
    let decode = Line::guess("{ op = \"decode_audio\", mono = \"mean\" }", why);
    let resample = format!(
        "{{ op = \"resample\", sampling_rate = {sampling_rate}, method = \"sinc_hann\", \
         lowpass_filter_width = 6, rolloff = 0.99 }}"
    );
    vec![
        decode,
        values.code(resample, "another rate is changed as torchaudio does; librosa differs"),
    ]
}

fn rate_of(fields: &Fields<'_>, otherwise: u32) -> u32 {
    fields.get("sampling_rate").and_then(super::fields::length).unwrap_or(otherwise)
}

/// The log mel spectrogram of Whisper.
fn whisper(fields: &Fields<'_>) -> Vec<Line> {
    let values = &mut Values::of(fields);
    let mut steps = start(values, 16_000);
    let length = if fields.has("n_samples") {
        values.length("n_samples", 480_000)
    } else {
        values.length("chunk_length", 30).saturating_mul(rate_of(fields, 16_000))
    };
    let value = number(values.number("padding_value", 0.0));
    let side = match fields.text("padding_side").as_deref() {
        Some("left") => "left",
        _ => "right",
    };
    steps.push(values.line(format!(
        "{{ op = \"pad_or_trim\", length = {length}, side = \"{side}\", mode = \"constant\", value = {value} }}"
    )));
    let (n_fft, hop) = (values.length("n_fft", 400), values.length("hop_length", 160));
    let stft = format!(
        "{{ op = \"stft\", n_fft = {n_fft}, win_length = {n_fft}, hop_length = {hop}, window = \"hann\", \
         periodic = true, center = true, pad_mode = \"reflect\", power = 2.0 }}"
    );
    steps.push(values.code(stft, "the window and its padding are the class's code"));
    let code = "the class's code";
    steps.push(values.code("{ op = \"drop_last_frame\" }".to_owned(), code));
    let mels = values.length("feature_size", 80);
    let mel = format!(
        "{{ op = \"mel\", n_mels = {mels}, f_min = 0.0, f_max = 8000.0, scale = \"slaney\", norm = \"slaney\" }}"
    );
    steps.push(values.code(mel, "the frequencies and the scale are the class's code"));
    let log = "{ op = \"log\", base = \"10\", floor = 1e-10, dynamic_range = 8.0 }";
    steps.push(values.code(log.to_owned(), code));
    steps.push(
        values.code("{ op = \"scale_linear\", gain = [0.25], offset = [1.0] }".to_owned(), code),
    );
    if fields.number("dither").is_some_and(|dither| dither != 0.0) {
        fields.note(format!("`{}`: `dither` adds noise, which no step does", fields.file()));
    }
    finish(steps)
}

/// The batch axis and the type.
fn finish(mut steps: Vec<Line>) -> Vec<Line> {
    steps.push(Line::guess(
        "{ op = \"ensure_dtype\", dtype = \"float32\" }",
        "the type of the class's arrays",
    ));
    steps.push(Line::guess("{ op = \"expand_dims\", axis = 0 }", "a batch of one"));
    steps
}

/// Samples with mean 0 and variance 1.
fn wav2vec2(fields: &Fields<'_>) -> Vec<Line> {
    let values = &mut Values::of(fields);
    let mut steps = start(values, 16_000);
    let normalizes = values.defaulted("do_normalize", fields.bool("do_normalize"), true);
    if normalizes {
        let text = "{ op = \"zero_mean_unit_variance\", eps = 1e-7, eps_position = \"variance\", ddof = 0 }";
        steps.push(values.code(text.to_owned(), "epsilon and its place are the class's code"));
    }
    if fields.bool("return_attention_mask") == Some(true) {
        fields.note(format!(
            "`{}`: no step publishes the attention mask of a sound; for one sound it is all ones",
            fields.file()
        ));
    }
    steps.push(Line::guess("{ op = \"expand_dims\", axis = 0 }", "a batch of one"));
    steps
}

/// Samples as they are.
fn waveform(fields: &Fields<'_>) -> Vec<Line> {
    let values = &mut Values::of(fields);
    let mut steps = start(values, 24_000);
    for axis in ["a batch of one", "one channel"] {
        steps.push(Line::guess("{ op = \"expand_dims\", axis = 0 }", axis));
    }
    if fields.has("chunk_length_s") {
        fields.note(format!(
            "`{}`: `chunk_length_s` cuts into chunks, which no step does",
            fields.file()
        ));
    }
    steps
}

/// Kaldi's log mel filter bank.
fn spectrogram_transformer(fields: &Fields<'_>) -> Vec<Line> {
    let values = &mut Values::of(fields);
    let mut steps = start(values, 16_000);
    let rate = rate_of(fields, 16_000);
    let mels = values.length("num_mel_bins", 128);
    // 25 and 10 milliseconds, which is what torchaudio's `fbank` takes unless told otherwise.
    let (frame, shift) = (u64::from(rate) * 25 / 1000, u64::from(rate) / 100);
    let fbank = format!(
        "{{ op = \"kaldi_fbank\", n_mels = {mels}, frame_length = {frame}, frame_shift = {shift}, \
         window = \"hann\", preemphasis = 0.97, remove_dc_offset = true, f_min = 20.0, f_max = 0.0, \
         snip_edges = true }}"
    );
    steps.push(values.code(fbank, "all but `n_mels` is the class's code"));
    let length = values.length("max_length", 1024);
    steps.push(values.line(format!(
        "{{ op = \"pad_or_trim\", length = {length}, side = \"right\", mode = \"constant\", value = 0.0, axis = 0 }}"
    )));
    if values.defaulted("do_normalize", fields.bool("do_normalize"), true) {
        let mean = values.number("mean", -4.267_739_3);
        let std = values.number("std", 4.568_997_4) * 2.0;
        let divisor = if std == 0.0 { 1.0 } else { std };
        let text = format!(
            "{{ op = \"normalize\", mean = [{}], std = [{}] }}",
            number(mean),
            number(divisor)
        );
        steps.push(values.code(text, "the class divides by twice `std`"));
    }
    finish(steps)
}

/// The decibels of CLAP, for sounds up to its length.
fn clap(fields: &Fields<'_>) -> Vec<Line> {
    let values = &mut Values::of(fields);
    let mut steps = start(values, 48_000);
    let truncation = values.text("truncation", "fusion");
    let padding = values.text("padding", "repeatpad");
    let mode = match padding.as_str() {
        "repeat" => "repeat",
        "repeatpad" => "repeat_pad",
        _ => "constant",
    };
    let seconds = values.length("max_length_s", 10);
    let length = if fields.has("nb_max_samples") {
        values.length("nb_max_samples", 480_000)
    } else {
        seconds.saturating_mul(rate_of(fields, 48_000))
    };
    let text = format!(
        "{{ op = \"pad_or_trim\", length = {length}, side = \"right\", mode = \"{mode}\" }}"
    );
    steps.push(values.code(text, "the class cuts longer sounds at random"));
    let (n_fft, hop) = (values.length("fft_window_size", 1024), values.length("hop_length", 480));
    let stft = format!(
        "{{ op = \"stft\", n_fft = {n_fft}, win_length = {n_fft}, hop_length = {hop}, window = \"hann\", \
         periodic = true, center = true, pad_mode = \"reflect\", power = 2.0 }}"
    );
    steps.push(values.code(stft, "the window and its padding are the class's code"));
    let mels = values.length("feature_size", 64);
    let (low, high) =
        (values.number("frequency_min", 0.0), values.number("frequency_max", 14_000.0));
    let (scale, norm) = if truncation == "fusion" { ("htk", "none") } else { ("slaney", "slaney") };
    let mel = format!(
        "{{ op = \"mel\", n_mels = {mels}, f_min = {}, f_max = {}, scale = \"{scale}\", norm = \"{norm}\" }}",
        number(low),
        number(high)
    );
    steps.push(values.code(mel, "the scale follows `truncation` in the class's code"));
    steps.push(
        values
            .code("{ op = \"log\", base = \"db\", floor = 1e-10 }".to_owned(), "the class's code"),
    );
    steps.push(Line::guess(
        "{ op = \"transpose\", axes = [1, 0] }",
        "the class gives frames × mels",
    ));
    steps.push(Line::guess("{ op = \"expand_dims\", axis = 0 }", "one channel"));
    if truncation == "fusion" {
        fields.note(format!(
            "`{}`: `truncation = \"fusion\"` stacks four spectrograms and gives `is_longer`, which no step does: \
             the steps give one of the four",
            fields.file()
        ));
    }
    finish(steps)
}
