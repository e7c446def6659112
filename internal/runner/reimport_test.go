package runner_test

import (
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/report"
)

// TestASourceThatWasImportedAgainRemovesNobody gives everybody in the source a new ID at once, as a restored or migrated directory does. As many
// people are there as before, so that the number of them says nothing.
func TestASourceThatWasImportedAgainRemovesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.company()
	w.synced()
	before := w.contents(w.target)
	again := ""
	for _, uid := range everyone {
		dn := w.sourceDN(uid)
		w.leave(dn)
		again += personLDIF(uid, dn[len("uid="+uid+","):])
	}
	server.Apply(t, again)

	last := w.sync()

	w.expectEqual("result", last.Outcome.Result, report.Succeeded)
	w.expectEqual("people whose removal is held", w.removalsOf(w.lastUID()), "Held Held Held Held Held Held Held Held Held Held")
	w.expectEqual("the target", w.contents(w.target), before)
	w.task.Spec.Matching.Relink = v1alpha1.MatchAllow // a person has looked at it
	w.synced()
	w.synced()
	w.expectEqual("the target once the new IDs are taken", w.contents(w.target), before)
	w.expectEqual("a further run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
}
