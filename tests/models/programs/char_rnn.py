"""Characters, one at a time, through a recurrent cell written by hand; then a sample of text."""

import torch
import torch.nn as nn

torch.manual_seed(6)
TEXT = "she sells sea shells by the sea shore and the shells she sells are sea shells for sure. "
letters = sorted(set(TEXT))
place = {letter: i for i, letter in enumerate(letters)}
ids = torch.tensor([place[c] for c in TEXT])


class Cell(nn.Module):
    def __init__(self, size, hidden):
        super().__init__()
        self.hidden = hidden
        self.i2h = nn.Linear(size + hidden, hidden)
        self.gate = nn.Linear(size + hidden, hidden)
        self.h2o = nn.Linear(hidden, size)

    def forward(self, x, h):
        both = torch.cat((x, h), 1)
        z = torch.sigmoid(self.gate(both))
        h = (1 - z) * h + z * torch.tanh(self.i2h(both))
        return self.h2o(h), h

    def start(self, batch=1):
        return torch.zeros(batch, self.hidden)


rnn = Cell(len(letters), 40)
criterion = nn.NLLLoss()
optimizer = torch.optim.Adam(rnn.parameters(), lr=1e-2)
hidden = rnn.start(4)
for step in range(16):
    starts = torch.randint(0, len(ids) - 12, (4,))
    window = torch.stack([ids[s : s + 12] for s in starts])
    hidden = hidden.detach()
    loss = 0
    for t in range(window.size(1) - 1):
        onehot = nn.functional.one_hot(window[:, t], len(letters)).float()
        output, hidden = rnn(onehot, hidden)
        loss += criterion(nn.functional.log_softmax(output, dim=1), window[:, t + 1])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(rnn.parameters(), 0.5)
    optimizer.step()
    if step % 3 == 0:
        print(f"{step} {loss.item() / 11:.4f} {hidden.norm():.4f}")

with torch.no_grad():
    hidden, letter, said = rnn.start(), place["s"], "s"
    for _ in range(20):
        x = torch.zeros(1, len(letters))
        x[0][letter] = 1
        output, hidden = rnn(x, hidden)
        _, top = output.data.topk(1)
        letter = top[0][0].item()
        said += letters[letter]
    print(repr(said))
