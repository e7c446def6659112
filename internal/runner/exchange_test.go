package runner_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
)

// refusingTarget refuses to give anybody one identifier, as often as it is told to.
type refusingTarget struct {
	connector.Target
	value string
	times int
	// owner had the value at first, and gets it back.
	owner string
}

func (t *refusingTarget) ChangeUserIdentifier(ctx context.Context, id string, values []string) (directory.Entry, error) {
	if t.times > 0 && slices.Contains(values, t.value) && id != t.owner {
		t.times--
		return directory.Entry{}, &connector.Error{Class: connector.Invalid, Err: errors.New("the name is reserved")}
	}
	return t.Target.ChangeUserIdentifier(ctx, id, values)
}

type refusingEnds struct {
	runner.Connector
	value string
	times int
	owner string
}

func (e *refusingEnds) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	return &refusingTarget{Target: target, value: e.value, times: e.times, owner: e.owner}, err
}

// exchange lets two people of the source swap their logins.
func (w *world) exchange(a, b, parent string) {
	for _, step := range [][2]string{{a, "between"}, {b, a}, {"between", b}} {
		w.source.Server.Apply(w.t, "dn: uid="+step[0]+","+parent+"\nchangetype: modrdn\nnewrdn: uid="+step[1]+"\ndeleteoldrdn: 1\n\n")
	}
}

func TestAnExchangeThatFailsHalfwayGivesTheLoginBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	w.exchange("an", "bo", w.dn("East", "Sales", "Head"))
	refused := w.secondOf("an", "bo")
	r := w.begin()
	// The one who opens the exchange gets a temporary login, and then the other one's new login is refused.
	r.runner.Connect = &refusingEnds{Connector: w.mounts, value: refused, times: 1}
	if err := r.attempt(1, false); err != nil {
		t.Fatal(err)
	}
	if result := r.ended().Outcome.Result; result != report.PartiallyFailed {
		t.Errorf("result %s", result)
	}
	for _, uid := range []string{"an", "bo"} {
		if _, ok := w.targetPerson(uid); !ok {
			t.Errorf("nobody has the login %s:\n%s", uid, w.describe(w.lastUID()))
		}
	}
	w.synced()
	w.expectEqual("the run after it", w.operations(w.lastUID()), map[string]int{"ChangeUserIdentifier Succeeded": 3, "NoUpdate Succeeded": 13})
}

// secondOf is the login that the second one of an exchange is to get: the exchange is opened by the smaller source ID.
func (w *world) secondOf(a, b string) string {
	if w.sourceIDOf("The "+a) < w.sourceIDOf("The "+b) {
		return a
	}
	return b
}
