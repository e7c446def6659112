package lease

import (
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestFree(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	type look struct {
		after   time.Duration
		holder  string
		renewed time.Duration
		want    bool
	}
	for _, c := range []struct {
		name  string
		looks []look
	}{
		{"released", []look{{0, "", 0, true}}},
		{"held and renewed", []look{{0, "a", 0, false}, {55 * time.Second, "a", 55 * time.Second, false}, {110 * time.Second, "a", 110 * time.Second, false}}},
		{"not renewed for its duration", []look{{0, "a", 0, false}, {59 * time.Second, "a", 0, false}, {60 * time.Second, "a", 0, true}}},
		{"the holder's clock is behind", []look{{0, "a", -5 * time.Minute, false}, {59 * time.Second, "a", -5 * time.Minute, false}, {60 * time.Second, "a", -5 * time.Minute, true}}},
		{"the holder's clock is ahead", []look{{0, "a", 5 * time.Minute, false}, {60 * time.Second, "a", 5 * time.Minute, true}}},
		{"forgotten", []look{{0, "a", -10 * time.Minute, true}}},
		{"another holder starts the count again", []look{{0, "a", 0, false}, {50 * time.Second, "b", 0, false}, {109 * time.Second, "b", 0, false}, {110 * time.Second, "b", 0, true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			clock := clocktesting.NewFakeClock(start)
			seen := sighting{clock: clock}
			for i, l := range c.looks {
				clock.SetTime(start.Add(l.after))
				lease := &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{RenewTime: &metav1.MicroTime{Time: start.Add(l.renewed)}}}
				if l.holder != "" {
					lease.Spec.HolderIdentity = &l.holder
				}
				if got := seen.free(lease); got != l.want {
					t.Errorf("look %d after %s: got free %v, want %v", i, l.after, got, l.want)
				}
			}
		})
	}
}
