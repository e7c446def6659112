// Package lease keeps executions of one owner's task from overlapping: a runner holds a Kubernetes Lease named after the owner, renews it
// every five seconds, and stops writing to the target well before anybody else may take it over. The manager asks a runner to stop by an
// annotation on the same Lease.
//
// The Lease protects the target. The state is protected by the compare-and-swap of its manifest, whatever becomes of the Lease.
package lease
