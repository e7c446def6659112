package condition

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

func TestBound(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text, want string
	}{
		{"empty", "", ""},
		{"at the limit", "abcde", "abcde"},
		{"over the limit", "abcdef", "abcd…"},
		{"characters, not bytes", "名名名名名", "名名名名名"},
		{"characters over the limit", "名名名名名名", "名名名名…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := Bound(test.text, 5); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestNote(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"short", "名", "名"},
		{"at the limit", strings.Repeat("x", 1024), strings.Repeat("x", 1024)},
		{"over the limit", strings.Repeat("x", 1025), strings.Repeat("x", 1021) + "…"},
		{"no third of a character", strings.Repeat("名", 400), strings.Repeat("名", 340) + "…"},
		{"cut between two characters", "x" + strings.Repeat("名", 400), "x" + strings.Repeat("名", 340) + "…"},
		{"no two thirds of a character", "xy" + strings.Repeat("名", 400), "xy" + strings.Repeat("名", 339) + "…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := Note(test.text); got != test.want {
				t.Errorf("got %d bytes %q, want %q", len(got), got, test.want)
			}
		})
	}
}

func TestTransitionTimeMovesOnlyWithTheStatus(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)
	var conditions []metav1.Condition
	Setter{&conditions, 1, first}.Set(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotServed, "spec.only")
	Setter{&conditions, 2, first.Add(time.Hour)}.Set(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonOwnerInUse, strings.Repeat("x", 5000))
	got := conditions[0]
	if !got.LastTransitionTime.Time.Equal(first) || got.Reason != string(v1alpha1.ReasonOwnerInUse) || got.ObservedGeneration != 2 || len([]rune(got.Message)) != MessageLimit {
		t.Errorf("got %+v", got)
	}
	later := first.Add(2 * time.Hour)
	Setter{&conditions, 2, later}.Set(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, "valid")
	if !conditions[0].LastTransitionTime.Time.Equal(later) {
		t.Errorf("the transition to True is not seen: %+v", conditions[0])
	}
}

func TestKnown(t *testing.T) {
	t.Parallel()
	if !Known(v1alpha1.KindSyncTask, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady) {
		t.Error("Ready is not known")
	}
	if Known(v1alpha1.KindSyncTask, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReady) {
		t.Error("Ready=False with reason Ready is known")
	}
}
