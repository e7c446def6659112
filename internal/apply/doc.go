// Package apply carries out a plan: operations in, one outcome for each of them out. It keeps their order, bounds concurrency and rate,
// tries again what may pass, settles by reading what a broken connection left in doubt, and looks once more before it removes anyone.
//
// It writes to a connector.Target and to a Journal, and nowhere else. What the outcomes mean for the links is Effect, a pure function.
package apply
