"""Publish and subscribe: low layers tell, high layers listen.

>>> heard = []
>>> stop = subscribe("kernel", lambda **facts: heard.append(facts["name"]))
>>> publish("kernel", name="add")
>>> stop()
>>> publish("kernel", name="mul")
>>> heard
['add']
"""

from __future__ import annotations

from collections.abc import Callable

Listener = Callable[..., None]

_listeners: dict[str, list[Listener]] = {}


def subscribe(topic: str, listener: Listener) -> Callable[[], None]:
    """Call ``listener(**facts)`` at every publish of ``topic``; returns what undoes it."""
    _listeners.setdefault(topic, []).append(listener)
    return lambda: _listeners[topic].remove(listener)


def heard(topic: str) -> bool:
    """Whether anybody listens: guard the making of costly facts with it."""
    return bool(_listeners.get(topic))


def publish(topic: str, **facts: object) -> None:
    """Tell whoever listens. One dictionary look-up when nobody does."""
    for listener in tuple(_listeners.get(topic, ())):
        listener(**facts)
