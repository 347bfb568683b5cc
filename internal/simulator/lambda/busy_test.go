package lambda

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestAServiceIsSettledWhenNoFunctionHasAnythingToDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{})
		defer s.Close()
		if err := s.Settle(t.Context()); err != nil {
			t.Fatalf("nothing runs: %v", err)
		}
		s.busy.begin()
		s.busy.begin()
		settled := make(chan error)
		go func() { settled <- s.Settle(t.Context()) }()
		s.busy.end()
		synctest.Wait()
		select {
		case <-settled:
			t.Fatal("it is settled while one runs")
		default:
		}
		s.busy.end()
		if err := <-settled; err != nil {
			t.Error(err)
		}
		s.busy.begin()
		defer s.busy.end()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Settle(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("of a context that has ended: %v", err)
		}
	})
}
