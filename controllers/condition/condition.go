// Package condition sets the conditions of our objects: bounded, with the
// generation they speak of, and with a transition time that moves only when the
// status of the condition does. What a reason means stands in api/v1alpha1.
package condition

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// MessageLimit is how many characters a message of ours has at most.
const MessageLimit = 1024

// Setter sets conditions of one object, all at the same generation and time.
type Setter struct {
	Conditions *[]metav1.Condition
	Generation int64
	Now        time.Time
}

// Set sets one condition.
func (s Setter) Set(name string, status metav1.ConditionStatus, reason v1alpha1.Reason, message string) {
	meta.SetStatusCondition(s.Conditions, metav1.Condition{
		Type:               name,
		Status:             status,
		Reason:             string(reason),
		Message:            Bound(message, MessageLimit),
		ObservedGeneration: s.Generation,
		LastTransitionTime: metav1.NewTime(s.Now),
	})
}

// Remove takes a condition away.
func (s Setter) Remove(name string) {
	meta.RemoveStatusCondition(s.Conditions, name)
}

// Known says whether a reason of a condition stands in the contract.
func Known(kind, name string, status metav1.ConditionStatus, reason v1alpha1.Reason) bool {
	for _, meaning := range v1alpha1.ConditionMeanings {
		if meaning.Kind == kind && meaning.Type == name && meaning.Status == status && meaning.Reason == reason {
			return true
		}
	}
	return false
}

// Bound cuts a text after a number of characters and shows that it did.
func Bound(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit-1]) + "…"
}

// noteLimit is how many bytes the API server takes as the note of an event. It refuses a longer one, and nobody would see the event.
const noteLimit = 1024

// Note cuts a text to what an event holds. That is less than a condition of the same text: bytes are counted, not characters.
func Note(text string) string {
	const mark = "…"
	if len(text) <= noteLimit {
		return text
	}
	return strings.ToValidUTF8(text[:noteLimit-len(mark)], "") + mark
}
