{-# LANGUAGE OverloadedStrings #-}

-- | Values as Python literals: how a client says a call's arguments.
module Owt.Python
  ( Python (..),
    literal,
    literalBytes,
    number,
  )
where

import Data.Bifunctor (first)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Base64 as Base64
import Data.ByteString.Builder (Builder, byteString, charUtf8, stringUtf8, toLazyByteString)
import qualified Data.ByteString.Lazy as Lazy
import Data.Char (chr, digitToInt, intToDigit, isControl, ord)
import Data.List (dropWhileEnd, intersperse)
import Data.String (IsString (..))
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import Data.Word (Word8)
import Numeric (floatToDigits, showHex)

-- | A value that Python has a literal for. A string literal of Haskell is a 'PyText'.
data Python
  = PyNone
  | PyBool Bool
  | PyInt Integer
  | -- | Infinities and NaN too, which JSON has not.
    PyFloat Double
  | PyText Text
  | -- | Python's @bytes@, which JSON has not.
    PyBytes ByteString
  | PyList [Python]
  | -- | Keys in their order; of two that are the same, Python keeps the last.
    PyDict [(Text, Python)]
  | -- | What could not be made a value, and why; a call with it is refused.
    PyMistake Text
  deriving (Eq, Show)

instance IsString Python where
  fromString = PyText . Text.pack

-- | The literal, on one line, with what cannot be seen escaped. 'Left' says what is wrong: CPython
-- parses at most 200 brackets inside one another, so that 190 are taken here.
literal :: Python -> Either Text Text
literal = fmap (Text.decodeUtf8 . Lazy.toStrict) . literalBytes

-- | The same as UTF-8, made as it is read.
literalBytes :: Python -> Either Text Lazy.ByteString
literalBytes = fmap toLazyByteString . write deepest

deepest :: Int
deepest = 190

-- | Takes how many brackets may still be opened.
write :: Int -> Python -> Either Text Builder
write left value = case value of
  PyNone -> Right "None"
  PyBool True -> Right "True"
  PyBool False -> Right "False"
  PyInt n -> Right (stringUtf8 (integer n))
  PyFloat n -> Right (Text.encodeUtf8Builder (number n))
  PyText text -> Right (quoted text)
  PyBytes bytes
    | ByteString.length bytes > longestBytes ->
      Right ("__import__('binascii').a2b_base64('" <> byteString (Base64.encode bytes) <> "')")
    | otherwise -> Right ("b" <> inQuotes (concatMap escapedByte (ByteString.unpack bytes)))
  PyMistake why -> Left why
  PyList items -> inside "[" "]" (map write' items)
  PyDict pairs -> inside "{" "}" [((quoted name <> ": ") <>) <$> write' item | (name, item) <- pairs]
  where
    write' = write (left - 1)
    quoted = inQuotes . concatMap escapedText . Text.unpack
    inside open close parts
      | left <= 0 = Left tooDeep
      | otherwise = (\written -> open <> mconcat (intersperse ", " written) <> close) <$> sequence parts
    tooDeep = "the value is nested more than " <> most <> " deep, which is more than Python parses"
    most = Text.pack (show deepest)

-- | Bytes beyond this length are written in base64, which is a third as long and which Python reads
-- without compiling it.
longestBytes :: Int
longestBytes = 1024

-- | Python refuses decimal integers of more than 4,300 digits, and hexadecimal ones of none.
integer :: Integer -> String
integer n
  | abs n < 10 ^ (4300 :: Int) = show n
  | n < 0 = '-' : integer (negate n)
  | otherwise = "0x" <> showHex n ""

inQuotes :: String -> Builder
inQuotes text = charUtf8 '\'' <> stringUtf8 text <> charUtf8 '\''

escapedText :: Char -> String
escapedText c = case c of
  '\n' -> "\\n"
  '\r' -> "\\r"
  '\t' -> "\\t"
  _
    | isControl c -> escaped 'x' 2 c
    | isInvisible c -> escaped 'u' 4 c
    | otherwise -> quotable c

escapedByte :: Word8 -> String
escapedByte byte
  | byte < 0x20 || byte >= 0x7f = escaped 'x' 2 c
  | otherwise = quotable c
  where
    c = chr (fromIntegral byte)

-- | A character that can be seen.
quotable :: Char -> String
quotable c
  | c `elem` ("'\\" :: String) = ['\\', c]
  | otherwise = [c]

escaped :: Char -> Int -> Char -> String
escaped letter width c = ['\\', letter] <> replicate (width - length digits) '0' <> digits
  where
    digits = showHex (ord c) ""

-- | Line separators, byte order mark, zero-width and direction marks.
isInvisible :: Char -> Bool
isInvisible c =
  any
    (\(from, to) -> from <= c && c <= to)
    [('\x200b', '\x200f'), ('\x2028', '\x202e'), ('\x2060', '\x2069'), ('\xfeff', '\xfeff')]

-- | A float as Python's @eval@ reads it back: the shortest digits, never without a point or an
-- exponent. Any decimal that is too large for a float is an infinity.
number :: Double -> Text
number n
  | isNaN n = "float('nan')"
  | isInfinite n = if n > 0 then "1e999" else "-1e999"
  | n < 0 || isNegativeZero n = "-" <> positive (negate n)
  | otherwise = positive n

positive :: Double -> Text
positive n
  | n == 0 = "0.0"
  | n < 1e-4 || n >= 1e16 = Text.pack (scientific digits)
  | power <= 0 = Text.pack ("0." <> replicate (negate power) '0' <> digits)
  | power >= length digits = Text.pack (digits <> replicate (power - length digits) '0' <> ".0")
  | otherwise = Text.pack (let (whole, part) = splitAt power digits in whole <> "." <> part)
  where
    (digits, power) = first (map intToDigit) (shortest n)
    scientific (d : ds) = d : (if null ds then "" else '.' : ds) <> "e" <> show (power - 1)
    scientific [] = "0.0"

-- | The fewest digits that read back as this number, @0.d1d2… * 10^power@. 'floatToDigits' does
-- not know that a decimal halfway between two floats is read as the even one: it takes
-- 9.999999999999999e22 for 1e23.
shortest :: Double -> ([Int], Int)
shortest n = shorten (floatToDigits 10 n)
  where
    shorten found@(digits, power)
      | length digits > 1, fromRational (fromInteger coarse * unit) == n = shorten rounded
      | otherwise = found
      where
        unit = 10 ^^ (power - length digits + 1) :: Rational
        coarse = round (toRational n / unit) :: Integer
        shown = show coarse
        rounded = (map digitToInt (dropWhileEnd (== '0') shown), power + length shown - length digits + 1)
