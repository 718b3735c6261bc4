//go:build race

package device_test

// raceDetector tells that sync.Pool lets go of things at random, so that allocations cannot be counted.
const raceDetector = true
