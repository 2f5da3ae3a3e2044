{-# LANGUAGE OverloadedStrings #-}

-- | How long this end waits: for the next bytes, and for all of an answer.
module Owt.Limit (Limits, beginLimits, within) where

import Control.Exception (throwIO)
import Data.Text (Text)
import qualified Data.Text as Text
import GHC.Clock (getMonotonicTime)
import Owt.Error (OwtError (..))
import System.Timeout (timeout)

-- | The limits of a call that is under way.
data Limits = Limits
  { -- | Which server, for people.
    limitsPlace :: Text,
    -- | Seconds for all of an answer, and when they are over.
    limitsTotal :: Maybe (Double, Double),
    -- | Seconds for its next piece.
    limitsSilence :: Maybe Double
  }

-- | Those of a call that is sent now, in seconds: for all of its answer, and for each piece.
beginLimits :: Text -> Maybe Double -> Maybe Double -> IO Limits
beginLimits place total silence = do
  now <- getMonotonicTime
  pure (Limits place ((\seconds -> (seconds, now + seconds)) <$> total) silence)

-- | Waits for a piece; throws 'OwtTimeout'.
within :: Limits -> IO a -> IO a
within limits action = do
  now <- getMonotonicTime
  let whole = [(end - now, "has not answered in full within " <> seconds total) | Just (total, end) <- [limitsTotal limits]]
      piece = [(silence, "has said nothing for " <> seconds silence) | Just silence <- [limitsSilence limits]]
  case whole <> piece of
    [] -> action
    limited -> do
      let (left, what) = minimum limited
      done <- timeout (max 1 (round (min 1e9 left * 1e6))) action
      maybe (throwIO (OwtTimeout (limitsPlace limits <> " " <> what))) pure done
  where
    seconds n = Text.pack (show n) <> " s"
