"""Processes that are started together: what they say, and that it is heard."""

from __future__ import annotations

import time

import pytest

from face3d.ros.node_group import NodeGroup


def test_the_last_words_of_a_node_are_heard(domain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it has ended before anybody had time to listen: they say why it has."""
    read = NodeGroup._read

    def read_late(self: NodeGroup, *words) -> None:
        time.sleep(0.5)
        read(self, *words)

    monkeypatch.setattr(NodeGroup, "_read", read_late)
    with NodeGroup() as nodes:
        nodes.start("coffee_node", {})
        while nodes.running("coffee_node"):
            time.sleep(0.01)
        assert "camera_node,detection_node,reconstruction_node" in " ".join(nodes.lines())
        assert nodes.lines() == [] and nodes.failed() == "coffee_node"
