//! Which framework trained the model, by its imports, and how it exports ONNX.

/// A framework that can write ONNX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Framework {
    PyTorch,
    TensorFlow,
    ScikitLearn,
    XgBoost,
    LightGbm,
    Jax,
}

/// Modules whose import tells the framework.
const MODULES: [(&str, Framework); 10] = [
    ("torch", Framework::PyTorch),
    ("pytorch_lightning", Framework::PyTorch),
    ("lightning", Framework::PyTorch),
    ("tensorflow", Framework::TensorFlow),
    ("keras", Framework::TensorFlow),
    ("sklearn", Framework::ScikitLearn),
    ("xgboost", Framework::XgBoost),
    ("lightgbm", Framework::LightGbm),
    ("jax", Framework::Jax),
    ("flax", Framework::Jax),
];

/// The frameworks that Python code imports; a notebook's JSON is text enough for that.
pub(super) fn imported(code: &str) -> Vec<Framework> {
    let mut found = Vec::new();
    for line in code.lines() {
        let line = line.trim_start_matches([' ', '\t', '"']);
        let Some(module) = line.strip_prefix("import ").or_else(|| line.strip_prefix("from "))
        else {
            continue;
        };
        let top =
            module.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        found.extend(
            MODULES.iter().filter(|(name, _)| *name == top).map(|(_, framework)| *framework),
        );
    }
    found.sort();
    found.dedup();
    found
}

impl Framework {
    /// The lines that write `export/model.onnx`.
    pub(super) const fn export_snippet(self) -> &'static str {
        match self {
            Self::PyTorch => {
                "# PyTorch: pip install onnx onnxscript\n\
                 model.eval()\n\
                 example = torch.randn(1, 3, 224, 224)  # one input in the shape the model takes\n\
                 torch.onnx.export(\n    model, (example,), \"export/model.onnx\",\n    \
                 input_names=[\"input\"], output_names=[\"output\"],\n    \
                 dynamic_axes={\"input\": {0: \"batch\"}, \"output\": {0: \"batch\"}},\n    \
                 opset_version=17, dynamo=False,\n)\n"
            }
            Self::TensorFlow => {
                "# TensorFlow, Keras: pip install tf2onnx\n\
                 import tf2onnx\n\
                 signature = [tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype, name=\"input\")]\n\
                 tf2onnx.convert.from_keras(model, signature, opset=17, output_path=\"export/model.onnx\")\n"
            }
            Self::ScikitLearn => {
                "# scikit-learn: pip install skl2onnx\n\
                 from skl2onnx import to_onnx\n\
                 # zipmap=False: probabilities as one array, not as a list of dictionaries\n\
                 onnx = to_onnx(model, X[:1].astype(\"float32\"), options={\"zipmap\": False}, target_opset=17)\n\
                 open(\"export/model.onnx\", \"wb\").write(onnx.SerializeToString())\n"
            }
            Self::XgBoost => {
                "# XGBoost: pip install onnxmltools\n\
                 from onnxmltools import convert_xgboost\n\
                 from onnxmltools.convert.common.data_types import FloatTensorType\n\
                 onnx = convert_xgboost(model, initial_types=[(\"input\", FloatTensorType([None, X.shape[1]]))])\n\
                 open(\"export/model.onnx\", \"wb\").write(onnx.SerializeToString())\n"
            }
            Self::LightGbm => {
                "# LightGBM: pip install onnxmltools\n\
                 from onnxmltools import convert_lightgbm\n\
                 from onnxmltools.convert.common.data_types import FloatTensorType\n\
                 types = [(\"input\", FloatTensorType([None, X.shape[1]]))]\n\
                 onnx = convert_lightgbm(model, initial_types=types, zipmap=False)\n\
                 open(\"export/model.onnx\", \"wb\").write(onnx.SerializeToString())\n"
            }
            Self::Jax => {
                "# JAX: pip install tensorflow tf2onnx\n\
                 from jax.experimental import jax2tf\n\
                 import tf2onnx\n\
                 function = tf.function(jax2tf.convert(predict, enable_xla=False), autograph=False)\n\
                 signature = [tf.TensorSpec([1, 224, 224, 3], tf.float32, name=\"input\")]\n\
                 tf2onnx.convert.from_function(function, signature, opset=17, output_path=\"export/model.onnx\")\n"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_tell_the_framework() {
        let cases: [(&str, &[Framework]); 6] = [
            ("import torch.nn as nn\nfrom torchvision import models\n", &[Framework::PyTorch]),
            (
                "from sklearn.svm import SVC\n    import torch\n",
                &[Framework::PyTorch, Framework::ScikitLearn],
            ),
            ("  \"source\": [\n    \"import tensorflow as tf\\n\",", &[Framework::TensorFlow]),
            ("import torchlight\n# import torch\nfrom .keras import x", &[]),
            ("import jax.numpy as jnp", &[Framework::Jax]),
            ("", &[]),
        ];
        for (code, expected) in cases {
            assert_eq!(imported(code), expected, "{code}");
        }
    }
}
