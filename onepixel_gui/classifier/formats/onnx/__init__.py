"""ONNX networks, by onnxruntime."""
