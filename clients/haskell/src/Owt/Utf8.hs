-- | UTF-8 as everybody decodes it (WHATWG Encoding, and Unicode 3.9, "substitution of maximal
-- subparts"): one U+FFFD for each beginning of a letter that does not go on, and for any other byte
-- that is none. What the package text makes of these depends on its version.
module Owt.Utf8 (decodeLenient) where

import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import Data.Word (Word8)

decodeLenient :: ByteString -> Text
decodeLenient bytes = either (const (Text.concat (pieces bytes))) id (Text.decodeUtf8' bytes)

-- | The text between bad bytes, and what stands for these.
pieces :: ByteString -> [Text]
pieces bytes
  | ByteString.null rest = [good]
  | otherwise = good : Text.singleton '\xfffd' : pieces (ByteString.drop (snd (letter rest)) rest)
  where
    good = Text.decodeUtf8 (ByteString.take size bytes)
    rest = ByteString.drop size bytes
    size = wellFormed 0
    wellFormed at
      | at < ByteString.length bytes, (True, width) <- letter (ByteString.drop at bytes) = wellFormed (at + width)
      | otherwise = at

-- | Whether a letter stands at the beginning, and how many bytes are it or the beginning of one.
letter :: ByteString -> (Bool, Int)
letter bytes = case ByteString.uncons bytes of
  Nothing -> (False, 0)
  Just (first, rest) -> case followers first of
    Nothing -> (False, 1)
    Just wanted ->
      let found = length (takeWhile id (zipWith within wanted (ByteString.unpack (ByteString.take 3 rest))))
       in (found == length wanted, 1 + found)
  where
    within (low, high) byte = low <= byte && byte <= high

-- | Between what the bytes lie that may follow this one; none for a byte that begins no letter.
followers :: Word8 -> Maybe [(Word8, Word8)]
followers first
  | first < 0x80 = Just []
  | first < 0xC2 = Nothing
  | first < 0xE0 = Just [any']
  | first == 0xE0 = Just [(0xA0, 0xBF), any']
  | first == 0xED = Just [(0x80, 0x9F), any']
  | first < 0xF0 = Just [any', any']
  | first == 0xF0 = Just [(0x90, 0xBF), any', any']
  | first < 0xF4 = Just [any', any', any']
  | first == 0xF4 = Just [(0x80, 0x8F), any', any']
  | otherwise = Nothing
  where
    any' = (0x80, 0xBF)
