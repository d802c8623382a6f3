"""Norms from sums."""


def layer_norm(x, weight, bias, eps=1e-5):
    C = x.shape[-1]
    mean = x.sum(-1, keepdim=True) / C
    variance = x.var(-1, correction=0, keepdim=True)
    return (x - mean) * (variance + eps).rsqrt() * weight + bias


def rms_norm(x, weight, eps=1e-5):
    power = (x * x).sum(-1, keepdim=True) / x.shape[-1]
    return x * (power + eps) ** -0.5 * weight
