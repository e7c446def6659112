package inspection_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/report"
)

// TestAClockThatWasAheadHoldsUpNoCheck: what was found while the clock was a year
// ahead gives way to what runs and checks find since.
func TestAClockThatWasAheadHoldsUpNoCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	right := w.clock.Now()
	w.clock.SetTime(right.AddDate(1, 0, 0))
	w.settle()
	w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "a word of next year")
	w.expect(v1alpha1.ConditionTargetReady, metav1.ConditionTrue, v1alpha1.ReasonConnected, "a word of next year")

	w.clock.SetTime(right.Add(time.Minute))
	w.run("hr-later", w.clock.Now(), &report.Endpoint{Reason: string(v1alpha1.ReasonUnreachable), Message: "the run's word"})
	w.expect(v1alpha1.ConditionTargetReady, metav1.ConditionFalse, v1alpha1.ReasonUnreachable, "the run's word")
	w.clock.SetTime(right.Add(2 * time.Minute))
	w.answer(w.onlyJob(), v1alpha1.ReasonUnreachable, v1alpha1.ReasonConnected, "the next check's word")
	w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionFalse, v1alpha1.ReasonUnreachable, "the next check's word")
	w.expect(v1alpha1.ConditionTargetReady, metav1.ConditionTrue, v1alpha1.ReasonConnected, "the next check's word")
	w.expectKept("Check", 1)
}

// TestARequestAfterAClockThatWasAhead is answered, and the answer stays.
func TestARequestAfterAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hold()
	right := w.clock.Now()
	w.clock.SetTime(right.AddDate(1, 0, 0))
	w.ask(`{"id": "aaaaaaaa", "check": true}`)
	w.settle()
	w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "a word of next year")
	w.settle()

	w.clock.SetTime(right)
	w.ask(`{"id": "bbbbbbbb", "check": true}`)
	w.settle()
	w.answer(w.onlyJob(), v1alpha1.ReasonUnreachable, v1alpha1.ReasonConnected, "a word of now")
	asked := w.clock.Now()
	for _, later := range []time.Duration{0, time.Hour, 366 * 24 * time.Hour} {
		w.clock.SetTime(asked.Add(later))
		w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionFalse, v1alpha1.ReasonUnreachable, "a word of now")
		w.expectKept("Check", 1)
	}
}
