package suites

import "reflect"

// A shared resource is started by the first spec that asks for it and ended with
// the run.
type shared struct {
	value any
	stop  func()
	err   error
}

// Shared returns what the specs of one run share because it costs to start: the
// one value of its type, which start made when it was asked for first. The run
// calls stop at its end, an interrupted one too. Where start gave an error, every
// call gives it again and nothing is tried twice.
func Shared[T any](e *Env, start func() (value T, stop func(), err error)) (T, error) {
	e.session.sharing.Lock()
	defer e.session.sharing.Unlock()
	kind := reflect.TypeFor[T]()
	r, ok := e.session.shared[kind]
	if !ok {
		value, stop, err := start()
		r = shared{value: value, stop: stop, err: err}
		e.session.shared[kind] = r
	}
	value, _ := r.value.(T) // a nil interface is the zero T
	return value, r.err
}

// endShared ends what was started.
func (s *session) endShared() {
	s.sharing.Lock()
	defer s.sharing.Unlock()
	for _, r := range s.shared {
		if r.stop != nil {
			r.stop()
		}
	}
	clear(s.shared)
}
