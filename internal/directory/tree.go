package directory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Node is what a Tree knows of a department.
type Node struct {
	ID, Name string
	// Parent is empty for a department at the top.
	Parent string
}

// Problem is a department that has no place in the tree, and why. Such a department is unknown, which is not the same as absent.
type Problem struct {
	ID  string
	Err error
}

// Tree is the departments of a directory with their places. It holds only departments that have one: what is part of a cycle, has a
// parent that does not exist, shares its ID, or stands below any of these is one of its Problems.
type Tree struct {
	nodes    map[string]*treeNode
	topDown  []string
	problems []Problem
}

type treeNode struct {
	Node
	depth    int
	children []string
	// ambiguous: several departments have this ID.
	ambiguous bool
}

// NewTree builds the tree. The order of the departments does not matter.
func NewTree(departments []Node) *Tree {
	all := make(map[string]*treeNode, len(departments))
	for _, d := range departments {
		if present, ok := all[d.ID]; ok {
			present.ambiguous = true
			continue
		}
		all[d.ID] = &treeNode{Node: d}
	}
	tree := &Tree{nodes: make(map[string]*treeNode, len(all)), topDown: make([]string, 0, len(all))}
	for id, node := range all {
		if node.ambiguous {
			continue
		}
		if node.Parent == "" {
			tree.topDown = append(tree.topDown, id)
		} else if parent := all[node.Parent]; parent != nil {
			parent.children = append(parent.children, id)
		}
	}
	slices.Sort(tree.topDown)
	for next := 0; next < len(tree.topDown); next++ { // the list grows level by level, until nothing more hangs on it
		id := tree.topDown[next]
		node := all[id]
		if parent, ok := tree.nodes[node.Parent]; ok {
			node.depth = parent.depth + 1
		}
		slices.Sort(node.children)
		tree.topDown = append(tree.topDown, node.children...)
		tree.nodes[id] = node
	}
	for id, node := range all {
		if _, placed := tree.nodes[id]; !placed {
			tree.problems = append(tree.problems, Problem{ID: id, Err: whyUnplaced(all, node)})
		}
	}
	slices.SortFunc(tree.problems, func(a, b Problem) int { return cmp.Compare(a.ID, b.ID) })
	return tree
}

// maxClimb bounds the search for the reason why a department has no place, which is only for a message.
const maxClimb = 200

// whyUnplaced climbs from a department that hangs on nothing to what it lacks.
func whyUnplaced(all map[string]*treeNode, start *treeNode) error {
	seen := map[string]bool{}
	for node := start; len(seen) < maxClimb; {
		switch parent := all[node.Parent]; {
		case node.ambiguous && node == start:
			return fmt.Errorf("several departments have the ID %q", start.ID)
		case node.ambiguous:
			return fmt.Errorf("department %q stands below %q, and several departments have that ID", start.Name, node.ID)
		case parent == nil && node == start:
			return fmt.Errorf("the parent %q of department %q does not exist", node.Parent, start.Name)
		case parent == nil:
			return fmt.Errorf("department %q stands below %q, whose parent %q does not exist", start.Name, node.Name, node.Parent)
		case seen[node.ID] && node == start:
			return fmt.Errorf("department %q is above itself", start.Name)
		case seen[node.ID]:
			return fmt.Errorf("department %q stands below %q, which is above itself", start.Name, node.Name)
		default:
			seen[node.ID] = true
			node = parent
		}
	}
	return fmt.Errorf("more than %d levels above department %q, something is missing or above itself", maxClimb, start.Name)
}

// Problems lists the departments without a place, by ID.
func (t *Tree) Problems() []Problem { return t.problems }

// TopDown lists the IDs of all departments, every parent before its children, siblings by ID. The caller must not change it.
func (t *Tree) TopDown() []string { return t.topDown }

// Contains reports that a department is in the tree.
func (t *Tree) Contains(id string) bool { return t.nodes[id] != nil }

// Depth is the number of departments above this one; -1 when it is not in the tree.
func (t *Tree) Depth(id string) int {
	if node := t.nodes[id]; node != nil {
		return node.depth
	}
	return -1
}

// Ancestors lists the departments above this one, the nearest first.
func (t *Tree) Ancestors(id string) []string {
	node := t.nodes[id]
	if node == nil {
		return nil
	}
	ancestors := make([]string, 0, node.depth)
	for node = t.nodes[node.Parent]; node != nil; node = t.nodes[node.Parent] {
		ancestors = append(ancestors, node.ID)
	}
	return ancestors
}

// Within reports that a department is root or stands anywhere below it.
func (t *Tree) Within(root, id string) bool {
	for node := t.nodes[id]; node != nil; node = t.nodes[node.Parent] {
		if node.ID == root {
			return true
		}
	}
	return false
}

// Descendants lists the departments below this one, every parent before its children.
func (t *Tree) Descendants(id string) []string {
	node := t.nodes[id]
	if node == nil {
		return nil
	}
	descendants := slices.Clone(node.children)
	for next := 0; next < len(descendants); next++ {
		descendants = append(descendants, t.nodes[descendants[next]].children...)
	}
	return descendants
}

// Path is the names from the top down to this department, as in "Company/Sales/East". A slash or a backslash within a name has
// a backslash before it. It is empty when the department is not in the tree.
func (t *Tree) Path(id string) string {
	node := t.nodes[id]
	if node == nil {
		return ""
	}
	names := make([]string, node.depth+1)
	for ; node != nil; node = t.nodes[node.Parent] {
		names[node.depth] = pathEscaper.Replace(node.Name)
	}
	return strings.Join(names, "/")
}

var pathEscaper = strings.NewReplacer(`\`, `\\`, `/`, `\/`)
