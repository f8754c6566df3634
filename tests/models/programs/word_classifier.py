"""Short sentences of unequal length: padding by a collate function, embeddings, a masked mean."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(4)

SENTENCES = [
    ("the cat sat on the mat", 0),
    ("a dog ran in the park", 0),
    ("the bird sings a song", 0),
    ("stocks fell on the news", 1),
    ("the bank cut its rate", 1),
    ("prices rose again in may", 1),
    ("the team won the final match", 2),
    ("a late goal won it", 2),
    ("the match was lost", 2),
    ("dog and cat and bird", 0),
    ("rate news moves stocks", 1),
    ("final goal of the team", 2),
]
vocabulary = {"<pad>": 0, "<unk>": 1}
for sentence, _ in SENTENCES:
    for word in sentence.split():
        vocabulary.setdefault(word, len(vocabulary))


class Sentences(Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        text, label = self.rows[index]
        return torch.tensor([vocabulary.get(word, 1) for word in text.split()]), label


def collate(batch):
    words, labels = zip(*batch)  # noqa: B905
    longest = max(len(w) for w in words)
    padded = torch.zeros(len(words), longest, dtype=torch.long)
    for row, w in enumerate(words):
        padded[row, : len(w)] = w
    return padded, torch.tensor(labels, dtype=torch.int64)


class Classifier(nn.Module):
    def __init__(self, words, width, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, width, padding_idx=0)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(width, classes)

    def forward(self, ids):
        mask = (ids != 0).unsqueeze(-1).float()
        vectors = self.embedding(ids) * mask
        mean = vectors.sum(dim=1) / mask.sum(1).clamp(min=1.0)
        return self.out(self.dropout(self.norm(mean)))


model = Classifier(len(vocabulary), 16, 3)
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01)
loader = DataLoader(Sentences(SENTENCES), batch_size=5, shuffle=True, collate_fn=collate)
for epoch in range(8):
    total = 0.0
    for ids, labels in loader:
        loss = nn.functional.cross_entropy(model(ids), labels, reduction="sum")
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        total += float(loss.detach())
    print(f"epoch {epoch} loss {total / len(SENTENCES):.4f} last norm {norm:.4f}")

model.eval()
print(model.embedding.weight[0].abs().sum().item())
ids, labels = collate([Sentences(SENTENCES)[i] for i in range(6)])
print(ids.shape, model(ids).argmax(-1).tolist(), labels.tolist())
