package inspection

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

func taskNamed(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "people", Name: name}
}

// called is a line in which some tasks wait, and who was called from it.
func called(names ...string) (*line, *[]string) {
	var told []string
	l := &line{call: func(task types.NamespacedName) { told = append(told, task.Name) }}
	for _, name := range names {
		l.join(taskNamed(name))
	}
	return l, &told
}

func TestWhoHasWaitedLongestIsNext(t *testing.T) {
	t.Parallel()
	l, told := called("a", "b", "c")
	l.join(taskNamed("a")) // looked at again while it waits: it keeps its place
	for at, name := range []string{"a", "b", "c", "new"} {
		if got := l.ahead(taskNamed(name)); got != at {
			t.Errorf("%d go before %s, want %d", got, name, at)
		}
	}
	l.callNext(0)
	l.callNext(-1)
	if len(*told) > 0 {
		t.Errorf("%v were called without a place", *told)
	}
	l.callNext(1)
	l.callNext(2)
	if want := []string{"a", "b"}; !slices.Equal(*told, want) {
		t.Errorf("%v were called for two places, want %v once each", *told, want)
	}
	l.leave(taskNamed("a"))
	l.callNext(1)
	l.callNext(5)
	if want := []string{"a", "b", "c"}; !slices.Equal(*told, want) {
		t.Errorf("%v were called, want %v", *told, want)
	}
}

func TestWhoStillWaitsIsCalledAgain(t *testing.T) {
	t.Parallel()
	l, told := called("a")
	l.callNext(1)
	l.join(taskNamed("a")) // the place was gone when it came
	l.callNext(1)
	if want := []string{"a", "a"}; !slices.Equal(*told, want) {
		t.Errorf("%v were called, want %v", *told, want)
	}
}

func TestALineWithoutAnybodyCallsNobody(t *testing.T) {
	t.Parallel()
	l, told := called()
	l.callNext(20)
	l.leave(taskNamed("a"))
	if len(*told) > 0 {
		t.Errorf("%v were called", *told)
	}
}
