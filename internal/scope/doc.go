// Package scope decides which source entries a task is about: chosen departments with all below them, chosen people, and a filter.
//
// A department is in scope when it is chosen, or stands below one that is, and is not excluded; without a choice all are chosen. The
// departments above come along without their people, so that everything keeps its place. Excluded wins over included.
//
// A person is in scope who is in one of these departments, or is listed, and whom the filter lets through. Where only people are
// listed and no departments, they alone are in scope. A listed person needs no department and is never new. Excluded wins again.
//
// It is pure. An entry that a filter cannot be evaluated on, or whose departments have no place in the tree, is unknown, never out
// of scope: whoever leaves the scope is removed, and nobody is removed by mistake or by a typing error.
package scope
