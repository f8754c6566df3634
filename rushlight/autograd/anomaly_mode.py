"""``torch.autograd.anomaly_mode``: where PyTorch defines its search for nan in gradients."""

from rushlight.tensor.anomaly import detect_anomaly, set_detect_anomaly

__all__ = ["detect_anomaly", "set_detect_anomaly"]
