package syncrun

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// waiting is a run that stands in line for some minutes: "namespace/task" since minute.
func waiting(task string, minute int) head {
	namespace, name, _ := strings.Cut(task, "/")
	run := &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(task)},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: name}},
	}
	return head{run: run, since: testTime.Add(time.Duration(minute) * time.Minute)}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return testTime.Add(time.Duration(minute) * time.Minute) }
	for _, test := range []struct {
		name string
		line line
		want string
	}{
		{name: "nobody"},
		{
			name: "one namespace: whoever waits longest",
			line: line{heads: []head{waiting("a/new", 3), waiting("a/old", 1), waiting("a/middle", 2)}},
			want: "a/old a/middle a/new",
		},
		{
			name: "since the same moment: by name",
			line: line{heads: []head{waiting("a/2", 1), waiting("b/1", 1), waiting("a/1", 1)}},
			want: "a/1 b/1 a/2",
		},
		{
			name: "a namespace with many tasks and one with a single, later one",
			line: line{heads: []head{waiting("a/1", 1), waiting("a/2", 1), waiting("a/3", 1), waiting("b/1", 2)}},
			want: "a/1 b/1 a/2 a/3",
		},
		{
			name: "the fewest executions first",
			line: line{
				started: map[string]int{"a": 2, "b": 1},
				heads:   []head{waiting("a/1", 1), waiting("b/1", 5), waiting("b/2", 6), waiting("b/3", 7), waiting("c/1", 9)},
			},
			want: "c/1 b/1 a/1 b/2 b/3",
		},
		{
			name: "as many executions: the longest without a start, also with a limit of one",
			line: line{
				lastStart: map[string]time.Time{"a": at(10), "b": at(9)},
				heads:     []head{waiting("a/1", 1), waiting("a/2", 2), waiting("b/1", 3), waiting("b/2", 4)},
			},
			want: "b/1 a/1 b/2 a/2",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, h := range test.line.order() {
				got = append(got, h.run.Namespace+"/"+h.run.Name)
			}
			if order := strings.Join(got, " "); order != test.want {
				t.Errorf("the order is %q, want %q", order, test.want)
			}
			for i, name := range got {
				if place := test.line.place(types.UID(name)); place != i+1 {
					t.Errorf("%s has place %d, want %d", name, place, i+1)
				}
			}
		})
	}
}

func TestPlaceOfARunThatTheCacheDoesNotShow(t *testing.T) {
	t.Parallel()
	l := line{heads: []head{waiting("a/1", 1)}}
	if got := l.place("unknown"); got != 2 {
		t.Errorf("its place is %d, want 2, the last", got)
	}
}

func TestOrdinal(t *testing.T) {
	t.Parallel()
	for place, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 102: "102nd", 111: "111th", 1003: "1003rd"} {
		if got := ordinal(place); got != want {
			t.Errorf("%d is %q, want %q", place, got, want)
		}
	}
}

func BenchmarkOrder(b *testing.B) {
	var l line
	for i := range 1000 {
		l.heads = append(l.heads, waiting(fmt.Sprintf("namespace-%d/task-%d", i%100, i), i%7))
	}
	for b.Loop() {
		l.order()
	}
}
