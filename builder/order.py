"""The shape of a graph: in which order it is walked, and where it goes round in circles."""

import networkx as nx

from nodes.graph import Graph


def digraph(graph: Graph) -> "nx.DiGraph[str]":
    """Return the graph for networkx; edges to nodes that do not exist are left out."""
    ids = [node.id for node in graph.nodes]
    known = set(ids)
    shape: nx.DiGraph[str] = nx.DiGraph()
    shape.add_nodes_from(ids)
    shape.add_edges_from((edge.source, edge.target) for edge in graph.edges if {edge.source, edge.target} <= known)
    return shape


def cycles(shape: "nx.DiGraph[str]") -> list[list[str]]:
    """Return one circle from each knot of nodes that lead back to themselves, in the order in which it runs."""
    found = []
    for knot in nx.strongly_connected_components(shape):
        start = next(iter(knot))
        if len(knot) > 1 or shape.has_edge(start, start):
            start = next(id for id in shape if id in knot)
            found.append([edge[0] for edge in nx.find_cycle(shape.subgraph(knot), source=start)])
    return sorted(found)


def topological(graph: Graph) -> list[str]:
    """Return the ids of all nodes, each before those it leads to; ties as they stand in the text."""
    place = {node.id: number for number, node in enumerate(graph.nodes)}
    return list(nx.lexicographical_topological_sort(digraph(graph), key=place.__getitem__))
