"""NumPy and tensors in one program: shared memory, arrays into losses, scalars back and forth."""

import numpy as np
import torch

torch.manual_seed(17)
rng = np.random.default_rng(17)
x_train = rng.normal(size=(40, 1)).astype(np.float32)
y_train = 3 * x_train - 0.5 + 0.1 * rng.normal(size=(40, 1)).astype(np.float32)

model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
history = []
for epoch in range(20):
    inputs, targets = torch.from_numpy(x_train), torch.from_numpy(y_train)
    loss = torch.nn.functional.mse_loss(model(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history.append(loss.item())
    if (epoch + 1) % 5 == 0:
        print(f"Epoch [{epoch + 1}/{20}], Loss: {history[-1]:.4f}")
predicted = model(torch.from_numpy(x_train)).detach().numpy()
print(
    type(predicted).__name__, predicted.dtype, predicted.shape, bool(np.all(np.diff(history) < 0))
)
print(f"{np.abs(predicted - y_train).mean():.4f}")

a = np.ones(3)
t = torch.from_numpy(a)
np.add(a, 1, out=a)
t.mul_(2)
print(a, t, t.dtype, t.numpy() is not a)
n = torch.arange(4).numpy()
n[0] = 9
print(torch.as_tensor(n), torch.tensor(np.float32(2.5)), torch.tensor(n, dtype=torch.float32))
print(np.asarray(torch.eye(2)), np.mean(torch.tensor([1.0, 2.0]).numpy()))
weights = model.weight.detach().numpy()
before = weights.copy()
with torch.no_grad():
    model.weight.add_(1.0)
print(np.allclose(weights, before + 1), float(model.bias.detach()) == model.bias.item())
mask = torch.tensor(a > 3)
print(
    mask,
    torch.from_numpy(rng.permutation(5)).dtype,
    int(torch.tensor(7)),
    [*range(torch.tensor(3))],
)
print(
    torch.tensor([[1, 2], [3, 4]])[np.array([1, 0])].tolist(),
    (torch.ones(2) * np.float64(0.1)).dtype,
)
