"""Rotation as a product of complex numbers."""

import torch


def rotate(x, at, theta=10000.0):
    half = x.shape[-1] // 2
    rates = torch.tensor([theta ** (-2 * i / x.shape[-1]) for i in range(half)])
    angles = torch.outer(at.float(), rates)
    turned = torch.complex(x[:, :half].float(), x[:, half:].float()) * torch.polar(torch.ones_like(angles), angles)
    return torch.cat([turned.real, turned.imag], dim=-1).to(x.dtype)
