// Package guard decides whether a whole plan may run, before its first write: four rules, each a pure function of counted facts.
package guard
