package runner

import (
	"fmt"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/plan"
)

// undecided counts who waits for a person to say whose a target entry is: they are on no list in the status.
type undecided struct{ adoption, relink headcount }

// headcount is a number of each kind of entry.
type headcount struct{ people, departments int64 }

// see counts the entry of the source. The held removal of the one that is gone waits for the same decision.
func (u *undecided) see(record *history.Record) {
	if record.Status != plan.Held || record.Operation != plan.CreateUser && record.Operation != plan.CreateDepartment {
		return
	}
	switch record.Reason {
	case plan.ReasonAdoption:
		u.adoption.add(record.Subject)
	case plan.ReasonRelink:
		u.relink.add(record.Subject)
	}
}

// sentence says who waits for which decision, where to look and how to decide; empty when nobody waits.
func (u *undecided) sentence(run string) string {
	var sentences []string
	if u.adoption != (headcount{}) {
		sentences = append(sentences, u.adoption.wait()+" for a decision, since the target has an entry that matches and that no run made (matching.adopt: Hold): "+
			"set matching.adopt to Allow to take such entries over, or name in scope.users.exclude or scope.departments.exclude whom the task is not about.")
	}
	if u.relink != (headcount{}) {
		sentences = append(sentences, u.relink.wait()+" for a decision, since the target entry that matches belongs to a source entry that is gone (matching.relink: Hold): "+
			"set matching.relink to Allow if these are the same under new IDs, or to Never if they are others.")
	}
	if len(sentences) == 0 {
		return ""
	}
	return strings.Join(append(sentences, fmt.Sprintf("See each of them: kubectl synccenter details %s --status held.", run)), " ")
}

func (h *headcount) add(kind directory.Kind) {
	if kind == directory.Department {
		h.departments++
		return
	}
	h.people++
}

// wait begins a sentence, as in "2 people and 1 department wait".
func (h *headcount) wait() string {
	var parts []string
	if h.people > 0 {
		parts = append(parts, choice(h.people, "1 person", fmt.Sprintf("%d people", h.people)))
	}
	if h.departments > 0 {
		parts = append(parts, counted(h.departments, "department"))
	}
	return strings.Join(parts, " and ") + choice(h.people+h.departments, " waits", " wait")
}

// choice is one of two wordings.
func choice(n int64, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}
