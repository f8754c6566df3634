"""A convolutional net with batch norm, dropout and adaptive pooling, on stripes and checkers."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)


class Block(nn.Module):
    def __init__(self, inside, outside, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(outside)
        self.skip = nn.Conv2d(inside, outside, 1, stride) if stride != 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)) + self.skip(x), inplace=True)


class Net(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=3, padding="same"),
            nn.ReLU(inplace=True),
            Block(8, 8),
            nn.MaxPool2d(2),
            Block(8, 16, stride=2),
            nn.Dropout2d(0.1),
            nn.AdaptiveAvgPool2d((1, 1)),
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(p=0.25), nn.Linear(16, classes))

    def forward(self, x):
        return self.head(self.features(x))


def pictures(count):
    rows = torch.arange(16).view(1, 16, 1).expand(count, 16, 16)
    cols = torch.arange(16).view(1, 1, 16).expand(count, 16, 16)
    label = torch.randint(3, (count,))
    kind = label.view(-1, 1, 1)
    checker = (rows + cols) % 4 < 2
    image = torch.where(kind == 0, rows % 4 < 2, torch.where(kind == 1, cols % 4 < 2, checker))
    return image.float().unsqueeze(1) + 0.5 * torch.randn(count, 1, 16, 16), label


net = Net()
for m in net.modules():
    if isinstance(m, nn.Conv2d):
        nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
        if m.bias is not None:
            nn.init.zeros_(m.bias)
print(net)
optimizer = torch.optim.SGD(
    net.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4, nesterov=True
)
net.train()
for step in range(20):
    images, target = pictures(24 if step % 5 else 17)
    loss = F.cross_entropy(net(images), target, label_smoothing=0.05)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if step % 2 == 0:
        print(f"{step:3d} {loss.item():.4f}")

net.eval()
with torch.inference_mode():
    images, target = pictures(60)
    output = net(images)
    print("mean", net.features[2].bn.running_mean[:3], net.features[2].bn.num_batches_tracked)
    print("loss", F.cross_entropy(output, target))
    print("right", output.argmax(dim=1).eq(target).sum().item(), "of", len(target))
    print("shape", tuple(net.features(images).shape))
