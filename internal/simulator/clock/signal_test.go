package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

func TestTimeStandsUntilAllWhomASignalWokeAreAwake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Instant()
		began := c.Now()
		signal := clock.NewSignal(c)
		waiting, finish := make(chan struct{}), make(chan struct{})
		for range 2 {
			go func() {
				done := clock.Work(c)
				defer done()
				fired, resume := signal.Wait()
				waiting <- struct{}{}
				<-fired
				<-finish // a goroutine that isn't scheduled for long
				resume()
			}()
		}
		<-waiting
		<-waiting
		due, stop := clock.Timer(c, time.Hour)
		defer stop()
		signal.Fire()
		signal.Fire()
		time.Sleep(time.Second)
		finish <- struct{}{}
		time.Sleep(time.Second)
		if passed := c.Now().Sub(began); passed != 2*time.Second {
			t.Errorf("%v passed", passed)
		}
		finish <- struct{}{}
		<-due
		if passed := c.Now().Sub(began); passed < time.Hour {
			t.Errorf("%v passed", passed)
		}
	})
}

func TestWhoWaitsForASignalLetsTimeLeap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Instant()
		real := time.Now()
		defer clock.Work(c)()
		due, stop := clock.Timer(c, time.Hour)
		defer stop()
		signal := clock.NewSignal(c)
		fired, resume := signal.Wait()
		defer resume()
		select {
		case <-fired:
			t.Error("it has fired")
		case <-due:
		}
		if took := time.Since(real); took > soon {
			t.Errorf("it took %v of real time", took)
		}
	})
}

func TestASignalThatHasFiredIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Instant()
		began := c.Now()
		defer clock.Work(c)()
		signal := clock.NewSignal(c)
		signal.Fire()
		_, stop := clock.Timer(c, time.Hour)
		defer stop()
		fired, resume := signal.Wait()
		time.Sleep(time.Second)
		<-fired
		resume()
		if passed := c.Now().Sub(began); passed != time.Second {
			t.Errorf("%v passed", passed)
		}
	})
}

func TestTimeStandsFromTheEndOfAWaitUntilItIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Instant()
		began := c.Now()
		first, stopFirst := clock.Timer(c, time.Hour)
		second, stopSecond := clock.Timer(c, 2*time.Hour)
		defer stopSecond()
		<-first
		time.Sleep(time.Second)
		if passed := c.Now().Sub(began); passed > time.Hour+time.Second+soon {
			t.Errorf("%v passed", passed)
		}
		stopFirst()
		<-second
	})
}
