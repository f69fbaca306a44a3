"""The default recipe's step in PyTorch, channels-last: a side of `benchmarks.training`."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from adda.nn.networks import filters
from adda.recipes.split import BLUR

PLACE = torch.arange(28, dtype=torch.float32)
KERNEL = torch.exp(-0.5 * ((PLACE[:, None] - PLACE) / BLUR) ** 2)
WEIGHTS = {"l2": 1.0, "adversarial": 0.02, "content": 0.02, "cycle": 0.1}


def make_run(width: float, batch_size: int, source: np.ndarray, target: np.ndarray):
    """A function of a number of steps that trains for so long."""
    encoder, decoder = ContentEncoder(width), figure_decoder(width)
    critic, content_critic = discriminator(3, 2 * width), discriminator(1, width)
    for network in (encoder, decoder, critic, content_critic):
        network.to(memory_format=torch.channels_last)
    autoencoder_weights = [*encoder.parameters(), *decoder.parameters()]
    adversary_weights = [*critic.parameters(), *content_critic.parameters()]
    optimizers = [torch.optim.Adam(w, 1e-3) for w in (autoencoder_weights, adversary_weights)]
    source, target = (torch.from_numpy(images).permute(0, 3, 1, 2) for images in (source, target))

    def draw(images):
        batch = images[torch.randint(len(images), (batch_size,))].float() / 255
        return batch.contiguous(memory_format=torch.channels_last)

    def paint(content, style):
        shade = style - 0.5
        figure = decoder(torch.cat([shade, content], 1)) - decoder(torch.cat([-shade, content], 1))
        return (1 - content) * style + content * torch.sigmoid(figure)

    def step():
        digit, images = draw(source)[:, :1], draw(target)
        content = torch.sigmoid(encoder(images))
        style = ground(images, content)
        translated = paint(digit, style)
        l2 = functional.mse_loss(paint(content.detach(), style.detach()), images)
        real, fake = critic(images), critic(translated)
        returned = encoder(translated.detach())
        cycle = functional.binary_cross_entropy_with_logits(returned, digit)
        known = content_critic(torch.sigmoid(returned).detach())
        found = content_critic(content)
        objective = (
            WEIGHTS["l2"] * l2
            + WEIGHTS["adversarial"] * functional.softplus(-fake).mean()
            + WEIGHTS["content"] * functional.softplus(-found).mean()
            + WEIGHTS["cycle"] * cycle
        )
        adversary = sum(functional.softplus(-logits).mean() for logits in (real, known)) + sum(
            functional.softplus(logits).mean() for logits in (fake, found)
        )
        sides = ((objective, autoencoder_weights), (adversary, adversary_weights))
        for loss, weights in sides:
            gradients = torch.autograd.grad(loss, weights, retain_graph=True)
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = gradient
        for optimizer in optimizers:
            optimizer.step()

    def run(count):
        for _ in range(count):
            step()

    return run


def ground(images, content):
    kept = 1 - torch.clamp(2 * functional.max_pool2d(content, 3, 1, 1), max=1)
    around = blur(images * kept) / (blur(kept) + 1e-3)
    return kept * images + (1 - kept) * around


def blur(images):
    return KERNEL @ images @ KERNEL


def convolution(inputs, outputs, kernel=3, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class ContentEncoder(nn.Module):
    def __init__(self, width):
        super().__init__()
        a, b, c = (filters(count, width) for count in (64, 128, 256))
        self.fine, self.middle = convolution(3, a, 5), convolution(a, b, 3, 2)
        self.coarse, self.deep = convolution(b, c, 3, 2), convolution(c, c)
        self.up, self.top = convolution(c + b, b), convolution(b + a, a)
        self.logits = nn.Conv2d(a, 1, 3, padding=1)

    def forward(self, images):
        fine = self.fine(images)
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        coarse = coarse + self.deep(coarse)
        up = self.up(torch.cat([functional.interpolate(coarse, scale_factor=2.0), middle], 1))
        return self.logits(
            self.top(torch.cat([functional.interpolate(up, scale_factor=2.0), fine], 1))
        )


def figure_decoder(width):
    hidden = filters(64, width)
    return nn.Sequential(
        nn.Conv2d(4, hidden, 5, padding=2),
        nn.ReLU(),
        nn.Conv2d(hidden, hidden, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(hidden, 3, 3, padding=1),
    )


def discriminator(channels, width):
    a, b, c = (filters(count, width) for count in (64, 128, 256))
    return nn.Sequential(
        spectral_norm(nn.Conv2d(channels, a, 5, 2, 2)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(a, b, 5, 2, 2)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(b, c, 3, 2, 1)),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        spectral_norm(nn.Linear(16 * c, 1)),
    )
