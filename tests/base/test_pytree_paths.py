"""Leaves with the keys that lead to them."""

from rushlight.base.pytree_paths import key_get, keystr, tree_leaves_with_path, tree_map_with_path


def test_paths() -> None:
    tree = {"a": 1, "b": [2, (3,)]}
    found = tree_leaves_with_path(tree)
    assert [keystr(path) for path, _ in found] == ["['a']", "['b'][0]", "['b'][1][0]"]
    assert all(key_get(tree, path) == leaf for path, leaf in found)
    assert repr(found[1][0]) == "(MappingKey(key='b'), SequenceKey(idx=0))"
    doubled = tree_map_with_path(lambda path, x, y: (len(path), x + y), tree, tree)
    assert doubled == {"a": (1, 2), "b": [(2, 4), ((3, 6),)]}
