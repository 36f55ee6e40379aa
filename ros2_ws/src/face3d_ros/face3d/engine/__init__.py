"""Building TensorRT engines from ONNX networks: done once per GPU by a program, never by a node."""
