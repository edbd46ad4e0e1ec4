"""A bundle's models for programs that run without Python: C++, a generator for FairShip, ONNX."""
