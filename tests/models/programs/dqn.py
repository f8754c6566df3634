"""Q-learning on a line: replay buffer, target network, epsilon-greedy moves."""

import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

random.seed(7)
np.random.seed(7)
torch.manual_seed(7)
STATES = 6
Transition = namedtuple("Transition", ("state", "action", "reward", "next_state", "done"))


class Line:
    def reset(self):
        self.at = 2
        return self._see()

    def _see(self):
        return np.eye(STATES, dtype=np.float32)[self.at]

    def step(self, action):
        self.at += 1 if action == 1 else -1
        done = self.at in (0, STATES - 1)
        return self._see(), float(self.at == STATES - 1) - 0.01, done


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(STATES, 32)
        self.value = nn.Linear(32, 1)
        self.advantage = nn.Linear(32, 2)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        advantage = self.advantage(x)
        return self.value(x) + advantage - advantage.mean(dim=1, keepdim=True)


policy, target = QNet(), QNet()
target.load_state_dict(policy.state_dict())
target.eval()
optimizer = optim.Adam(policy.parameters(), lr=5e-3)
memory = deque(maxlen=200)
environment = Line()
epsilon, steps, loss = 1.0, 0, torch.zeros(())
for episode in range(24):
    state, done, score, length = environment.reset(), False, 0.0, 0
    while not done and length < 20:
        if random.random() < epsilon:
            action = random.randrange(2)
        else:
            with torch.no_grad():
                action = policy(torch.from_numpy(state).unsqueeze(0)).max(1)[1].item()
        next_state, reward, done = environment.step(action)
        memory.append(Transition(state, action, reward, next_state, done))
        state, score, length, steps = next_state, score + reward, length + 1, steps + 1
        if len(memory) < 16:
            continue
        batch = Transition(*zip(*random.sample(memory, 16)))  # noqa: B905
        states = torch.tensor(np.array(batch.state))
        actions = torch.tensor(batch.action).view(-1, 1)
        rewards = torch.tensor(batch.reward, dtype=torch.float32)
        ended = torch.tensor(batch.done)
        chosen = policy(states).gather(1, actions).squeeze(1)
        with torch.no_grad():
            following = target(torch.from_numpy(np.stack(batch.next_state))).max(dim=1).values
            following[ended] = 0.0
        loss = nn.functional.smooth_l1_loss(chosen, rewards + 0.95 * following)
        optimizer.zero_grad()
        loss.backward()
        for p in policy.parameters():
            p.grad.data.clamp_(-1, 1)
        optimizer.step()
        if steps % 10 == 0:
            target.load_state_dict(policy.state_dict())
    epsilon = max(0.05, epsilon * 0.85)
    if episode % 4 == 3:
        print(f"episode {episode} score {score:.2f} length {length} loss {loss.item():.6f}")
with torch.no_grad():
    print(policy(torch.eye(STATES)[1:-1]).argmax(1))
